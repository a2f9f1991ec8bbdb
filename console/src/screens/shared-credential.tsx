/** The credential that an MCP server shares with end users who have none of their own. */
import { useUpdateMcpServer } from '@keyhouse/client/react'
import type { ReactElement } from 'react'

import { useAccess } from '../access.js'
import { Button } from '../parts/button.js'
import { Confirm } from '../parts/dialog.js'
import { Problem } from '../parts/problem.js'
import { useToast } from '../parts/toast.js'
import { credentialName } from './credential-columns.js'
import type { Credential } from './credential-columns.js'
import type { McpServer } from './server.js'

/** Reason why a credential cannot be shared; undefined if it can. */
export function useShareReason(server: McpServer): (credential: Credential) => string | undefined {
  const { needs } = useAccess()
  return ({ id, endUser, status }) => {
    const missing = needs('mcp_server:update') ?? needs('mcp_approval:decide')
    if (missing !== undefined) return missing
    if (id === server.sharedCredentialId) return 'It is shared.'
    if (endUser !== null) return 'It belongs to an end user.'
    return status === 'ACTIVE' ? undefined : 'It is not active.'
  }
}

interface SharedCredentialProps {
  readonly server: McpServer
  readonly credentials: readonly Credential[]
}

export function SharedCredential({ server, credentials }: SharedCredentialProps): ReactElement {
  const { needs } = useAccess()
  const toast = useToast()
  const update = useUpdateMcpServer({ onSuccess: () => toast('The credential is no longer shared.') })
  const id = server.sharedCredentialId
  if (id === null) return <p className="muted">No credential is shared: calls for an end user need a credential of that end user.</p>
  const shared = credentials.find((credential) => credential.id === id)
  return (
    <>
      {update.error && <Problem error={update.error} focused />}
      <div className="row">
        <p>Shared with end users who have none of their own: {shared ? <strong>{credentialName(shared)}</strong> : <code>{id}</code>}.</p>
        <Button
          busy={update.isPending}
          disabledReason={needs('mcp_server:update')}
          onClick={() => update.mutate({ id: server.id, sharedCredentialId: null })}
        >
          Stop sharing
        </Button>
      </div>
    </>
  )
}

interface ShareProps {
  readonly server: McpServer
  readonly credential: Credential
  readonly onClose: () => void
}

export function ShareCredential({ server, credential, onClose }: ShareProps): ReactElement {
  const toast = useToast()
  const update = useUpdateMcpServer({
    onSuccess: () => {
      toast('The credential is shared.')
      onClose()
    },
  })
  return (
    <Confirm
      title={`Share ${credentialName(credential)} with end users?`}
      action="Share"
      busy={update.isPending}
      error={update.error}
      onConfirm={() => update.mutate({ id: server.id, sharedCredentialId: credential.id })}
      onClose={onClose}
    >
      <p>
        The gateway sends it for every end user without a usable credential of their own. At {server.name}, their agents then act as the
        account of this credential.
      </p>
    </Confirm>
  )
}
