/** Dialog that adds an OAuth client, which a person registered at an authorization server. */
import { useCreateMcpOAuthClient } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'

import { Button } from '../parts/button.js'
import { Dialog } from '../parts/dialog.js'
import { Field, Form, FormActions } from '../parts/form.js'
import { PlaceFields, placeInput, usePlace } from '../parts/place.js'
import { useSession } from '../session-context.js'
import type { Client } from './oauth-clients.js'

interface NewClientProps {
  readonly onAdded: (client: Client) => void
  readonly onClose: () => void
}

export function NewOAuthClient({ onAdded, onClose }: NewClientProps): ReactElement {
  const { url } = useSession()
  const [place, setPlace] = usePlace()
  const [issuer, setIssuer] = useState('')
  const [clientId, setClientId] = useState('')
  const [clientSecret, setClientSecret] = useState('')
  const create = useCreateMcpOAuthClient({ onSuccess: ({ client }) => onAdded(client) })
  const submit = (): void => create.mutate({ issuer, clientId, ...(clientSecret !== '' && { clientSecret }), ...placeInput(place) })
  return (
    <Dialog title="Add an OAuth client" onClose={onClose}>
      <Form error={create.error} fields={['issuer', 'clientId', 'clientSecret']} onSubmit={submit}>
        <p>
          Register Keyhouse at the authorization server first. If that asks for a redirect URI, enter <code>{url}/oauth/callback</code> for
          now: the final one follows when you have added the client.
        </p>
        <Field
          name="issuer"
          label="Issuer"
          help="Exactly as in the metadata of the authorization server."
          type="url"
          required
          maxLength={2048}
          value={issuer}
          onChange={setIssuer}
        />
        <Field name="clientId" label="Client id" required maxLength={1024} value={clientId} onChange={setClientId} />
        <Field
          name="clientSecret"
          label="Client secret (optional)"
          help="Encrypted and never shown. Empty: a public client."
          type="password"
          maxLength={1024}
          value={clientSecret}
          onChange={setClientSecret}
        />
        <PlaceFields place={place} onChange={setPlace} />
        <FormActions>
          <Button type="submit" variant="primary" busy={create.isPending}>
            Add
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </FormActions>
      </Form>
    </Dialog>
  )
}
