/** Form that changes an API key. */
import type { ApiKeyResult } from '@keyhouse/client'
import { useApiKey, useUpdateApiKey } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'
import { useLocation } from 'wouter'

import { useAccess } from '../access.js'
import { useScopedPath } from '../filters.js'
import { Button, LinkButton } from '../parts/button.js'
import { Field, Form, FormActions } from '../parts/form.js'
import { Page } from '../parts/page.js'
import { Loaded } from '../parts/problem.js'
import { useToast } from '../parts/toast.js'
import type { ScreenProps } from '../screens.js'
import { keyFields, KeyFields, keyInput } from './key-form.js'
import type { KeyValues } from './key-form.js'

type ApiKey = NonNullable<ApiKeyResult>

export function EditKey({ params }: ScreenProps): ReactElement {
  // Not fetched again: new data must not replace what the user types.
  const query = useApiKey({ id: params['id']! }, { staleTime: Infinity })
  return (
    <Page title="Edit API key">
      <Loaded query={query} noun="API key">
        {(apiKey) => <EditForm apiKey={apiKey} />}
      </Loaded>
    </Page>
  )
}

const toValues = ({ label, permissions, endUsers, rateLimits, allowedIps, allowedAudiences }: ApiKey): KeyValues => ({
  label: label ?? '',
  grant: { mode: 'custom', permissions },
  endUserMode: endUsers.mode,
  endUsers: endUsers.prefix ?? (endUsers.externalIds ?? []).join('\n'),
  limits: rateLimits.map(({ max, window }) => ({ max: String(max), window })),
  addresses: (allowedIps ?? []).join('\n'),
  audiences: (allowedAudiences ?? []).join('\n'),
})

function EditForm({ apiKey }: { readonly apiKey: ApiKey }): ReactElement {
  const path = `/keys/${apiKey.id}`
  const scoped = useScopedPath()
  const [, navigate] = useLocation()
  const toast = useToast()
  const { needs } = useAccess()
  const [values, setValues] = useState(() => toValues(apiKey))
  const update = useUpdateApiKey({
    onSuccess: () => {
      toast('The key was changed.')
      navigate(scoped(path))
    },
  })
  const submit = (): void => update.mutate({ id: apiKey.id, ...keyInput(values), permissions: values.grant.permissions })
  return (
    <Form error={update.error} fields={keyFields} onSubmit={submit}>
      <Field name="label" label="Label" maxLength={255} value={values.label} onChange={(label) => setValues({ ...values, label })} />
      <KeyFields values={values} onChange={setValues} canBeAll={false} />
      <FormActions>
        <Button type="submit" variant="primary" busy={update.isPending} disabledReason={needs('api_key:update')}>
          Save
        </Button>
        <LinkButton to={path}>Cancel</LinkButton>
      </FormActions>
    </Form>
  )
}
