/** Form for a new API key, and its secret once. */
import { useCreateApiKey } from '@keyhouse/client/react'
import { useCallback, useState } from 'react'
import type { ReactElement } from 'react'
import { useLocation } from 'wouter'

import { useNeedsInProject } from '../access.js'
import { curlCommand, viewerQuery } from '../commands.js'
import { useScopedPath } from '../filters.js'
import { Button, LinkButton } from '../parts/button.js'
import { Confirm } from '../parts/dialog.js'
import { ExpiryField, expiryInput } from '../parts/expiry.js'
import type { Expiry } from '../parts/expiry.js'
import { Field, Form, FormActions } from '../parts/form.js'
import { Page } from '../parts/page.js'
import { grantInput } from '../parts/permissions.js'
import { PlaceFields, placeInput, usePlace } from '../parts/place.js'
import { SecretDialog } from '../parts/secret.js'
import { useSession } from '../session-context.js'
import { keyFields, KeyFields, keyInput, newKeyValues } from './key-form.js'

export function NewKey(): ReactElement {
  const scoped = useScopedPath()
  const { url } = useSession()
  const needs = useNeedsInProject()
  const [, navigate] = useLocation()
  const create = useCreateApiKey()
  const [values, setValues] = useState(newKeyValues)
  const [place, setPlace] = usePlace()
  const [expiry, setExpiry] = useState<Expiry>({ choice: '90', date: '' })
  const [isAsking, setIsAsking] = useState(false)

  const { data, reset, mutate } = create
  function submit(): void {
    setIsAsking(false)
    const permissions = grantInput(values.grant)
    const expiresAt = expiryInput(expiry, Date.now())
    mutate({
      ...placeInput(place),
      ...keyInput(values),
      ...(expiresAt !== undefined && { expiresAt }),
      ...(permissions && { permissions }),
    })
  }
  const createdId = data?.apiKey.id
  const close = useCallback(() => {
    reset()
    if (createdId !== undefined) navigate(scoped(`/keys/${createdId}`))
  }, [createdId, navigate, reset, scoped])

  return (
    <Page title="New API key">
      <Form error={create.error} fields={keyFields} onSubmit={() => (place.environment === 'PRODUCTION' ? setIsAsking(true) : submit())}>
        <Field
          name="label"
          label="Label"
          help="Where the key is used, such as billing-service."
          maxLength={255}
          value={values.label}
          onChange={(label) => setValues({ ...values, label })}
        />
        <PlaceFields place={place} onChange={setPlace} />
        <ExpiryField expiry={expiry} onChange={setExpiry} canBeNever />
        <KeyFields values={values} onChange={setValues} canBeAll />
        <FormActions>
          <Button type="submit" variant="primary" busy={create.isPending} disabledReason={needs('api_key:create')}>
            Create key
          </Button>
          <LinkButton to="/keys">Cancel</LinkButton>
        </FormActions>
      </Form>
      {isAsking && (
        <Confirm
          title="Create a production key?"
          action="Create production key"
          busy={create.isPending}
          error={null}
          onConfirm={submit}
          onClose={() => setIsAsking(false)}
        >
          <p>It reaches the data of your users. Store its secret like a password.</p>
        </Confirm>
      )}
      {data?.secret && (
        <SecretDialog
          title="Secret of the new key"
          secret={data.secret}
          envName="KEYHOUSE_API_KEY"
          command={(secret) => curlCommand(url, viewerQuery, secret)}
          onClose={close}
        />
      )}
    </Page>
  )
}
