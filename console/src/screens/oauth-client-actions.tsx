/** Dialogs that replace the secret of an OAuth client, after its rotation at the authorization server, and delete one. */
import { useDeleteMcpOAuthClient, useUpdateMcpOAuthClient } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'

import { Button } from '../parts/button.js'
import { Confirm, Dialog } from '../parts/dialog.js'
import { Field, Form, FormActions } from '../parts/form.js'
import { useToast } from '../parts/toast.js'
import type { Client } from './oauth-clients.js'

interface ClientProps {
  readonly client: Client
  readonly onClose: () => void
}

export function ReplaceSecret({ client, onClose }: ClientProps): ReactElement {
  const toast = useToast()
  const [clientSecret, setClientSecret] = useState('')
  const update = useUpdateMcpOAuthClient({
    onSuccess: () => {
      toast('The secret was replaced.')
      onClose()
    },
  })
  return (
    <Dialog title={`Replace the secret of ${client.clientId}`} onClose={onClose}>
      <Form error={update.error} fields={['clientSecret']} onSubmit={() => update.mutate({ id: client.id, clientSecret })}>
        <p>Accounts that were connected with the client stay connected.</p>
        <Field
          name="clientSecret"
          label="Client secret"
          help="Encrypted and never shown."
          type="password"
          required
          maxLength={1024}
          value={clientSecret}
          onChange={setClientSecret}
        />
        <FormActions>
          <Button type="submit" variant="primary" busy={update.isPending}>
            Replace
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </FormActions>
      </Form>
    </Dialog>
  )
}

export function DeleteClient({ client, onClose }: ClientProps): ReactElement {
  const toast = useToast()
  const remove = useDeleteMcpOAuthClient({
    onSuccess: () => {
      toast('The client was deleted.')
      onClose()
    },
  })
  return (
    <Confirm
      title={`Delete the client at ${new URL(client.issuer).host}?`}
      action="Delete"
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ id: client.id })}
      onClose={onClose}
    >
      <p>
        Accounts that were connected with it are not renewed: each end user must connect again, once its access token expires. This cannot
        be undone.
      </p>
    </Confirm>
  )
}
