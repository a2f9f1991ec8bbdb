/** Form for a new personal API token, and the token itself. */
import type { PersonalTokenType } from '@keyhouse/client'
import { useCreatePersonalToken } from '@keyhouse/client/react'
import { useCallback, useState } from 'react'
import type { ReactElement } from 'react'
import { useLocation } from 'wouter'

import { curlCommand, viewerQuery } from '../commands.js'
import { useScopedPath } from '../filters.js'
import { Button, LinkButton } from '../parts/button.js'
import { ExpiryField, expiryInput } from '../parts/expiry.js'
import type { Expiry } from '../parts/expiry.js'
import { Choices, Field, Form, FormActions } from '../parts/form.js'
import { Page } from '../parts/page.js'
import { PermissionPicker } from '../parts/permissions.js'
import type { Grant } from '../parts/permissions.js'
import { SecretDialog } from '../parts/secret.js'
import { useSession } from '../session-context.js'

type NewType = Exclude<PersonalTokenType, 'LOGIN'>

export function NewPersonalToken(): ReactElement {
  const scoped = useScopedPath()
  const { url } = useSession()
  const [, navigate] = useLocation()
  const [description, setDescription] = useState('')
  const [type, setType] = useState<NewType>('FULL_ACCESS')
  const [expiry, setExpiry] = useState<Expiry>({ choice: '90', date: '' })
  const [grant, setGrant] = useState<Grant>({ mode: 'custom', permissions: [] })
  const { data, error, isPending, mutate, reset } = useCreatePersonalToken()

  function submit(): void {
    const expiresAt = type === 'EPHEMERAL' ? undefined : expiryInput(expiry, Date.now())
    mutate({
      type,
      ...(description !== '' && { description }),
      ...(expiresAt && { expiresAt }),
      ...(type !== 'FULL_ACCESS' && { permissions: grant.permissions }),
    })
  }
  const close = useCallback(() => {
    reset()
    navigate(scoped('/me'))
  }, [navigate, reset, scoped])

  return (
    <Page title="Add personal API token">
      <Form error={error} fields={['description', 'expiresAt']} onSubmit={submit}>
        <Field
          name="description"
          label="Description"
          help="What the token is for, such as my laptop."
          maxLength={128}
          value={description}
          onChange={setDescription}
        />
        <Choices
          label="Type"
          options={[
            ['FULL_ACCESS', 'Full access', 'All that you hold, at most 365 days'],
            ['RESTRICTED', 'Restricted', 'Named permissions, at most 365 days'],
            ['EPHEMERAL', 'Ephemeral', 'Named permissions, 1 hour'],
          ]}
          value={type}
          onChange={setType}
        />
        {type !== 'EPHEMERAL' && <ExpiryField expiry={expiry} onChange={setExpiry} />}
        {type !== 'FULL_ACCESS' && <PermissionPicker forApiKey={false} canBeAll={false} grant={grant} onChange={setGrant} />}
        <FormActions>
          <Button
            type="submit"
            variant="primary"
            busy={isPending}
            disabledReason={type !== 'FULL_ACCESS' && grant.permissions.length === 0 ? 'Choose at least one permission.' : undefined}
          >
            Create
          </Button>
          <LinkButton to="/me">Cancel</LinkButton>
        </FormActions>
      </Form>
      {data?.token && (
        <SecretDialog
          title="Personal API token"
          secret={data.token}
          note="Copy it now. You can show it again for 5 minutes."
          envName="KEYHOUSE_TOKEN"
          command={(token) => curlCommand(url, viewerQuery, token)}
          onClose={close}
        />
      )}
    </Page>
  )
}
