/** Dialog that revokes a credential for an MCP server. */
import { useRevokeMcpCredential } from '@keyhouse/client/react'
import type { ReactElement } from 'react'

import { Confirm } from '../parts/dialog.js'
import { useToast } from '../parts/toast.js'
import { credentialName } from './credential-columns.js'
import type { Credential } from './credential-columns.js'

interface RevokeProps {
  readonly credential: Credential
  readonly onClose: () => void
}

export function RevokeCredential({ credential, onClose }: RevokeProps): ReactElement {
  const toast = useToast()
  const revoke = useRevokeMcpCredential({
    onSuccess: () => {
      toast('The credential was revoked.')
      onClose()
    },
  })
  return (
    <Confirm
      title={`Revoke ${credentialName(credential)}?`}
      action="Revoke"
      busy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate({ id: credential.id })}
      onClose={onClose}
    >
      <p>
        Its value is wiped, and the gateway does not send it from now on.
        {credential.authType === 'OAUTH' && ' Keyhouse also asks the authorization server to revoke the tokens.'} This cannot be undone.
      </p>
    </Confirm>
  )
}
