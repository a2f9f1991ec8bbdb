/** Records one audit event for each tool call: server, tool, end user, outcome and duration; never an argument. */
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import type { McpServer } from '../entities/mcp-server.js'
import type { DomainError } from '../lib/errors.js'

export type CallOutcome =
  | 'OK'
  | 'TOOL_ERROR'
  | 'UNFINISHED'
  | 'CREDENTIAL_REFUSED'
  | 'CREDENTIAL_UNREADABLE'
  | 'RECONNECT_REQUIRED'
  | 'RENEWAL_FAILED'
  | 'UPSTREAM_FAILED'
  | 'CLIENT_LEFT'
  | 'ENDED_BY_KEYHOUSE'

interface ForwardedCall {
  readonly server: McpServer
  readonly tool: string
  readonly credentialId: string
  readonly isShared: boolean
}

/** Without a version check (`authVersion: null`): the call has happened, even if the credential was revoked since. */
export async function recordToolCall(
  ctx: Context,
  { server, tool, credentialId, isShared }: ForwardedCall,
  outcome: CallOutcome,
  durationMs: number,
): Promise<void> {
  await perform(ctx.withActor({ ...ctx.actor, authVersion: null }), 'mcp_tool:call', ({ permit, addDetails }) => {
    permit(server)
    addDetails({ tool, outcome, durationMs, credentialId, ...(isShared ? { sharedCredential: true } : {}) })
  })
}

/** Records the refusal of a call that was not forwarded. */
export async function recordRefusedCall(ctx: Context, server: McpServer, tool: string | null, refusal: DomainError): Promise<void> {
  try {
    await perform(ctx.withActor({ ...ctx.actor, authVersion: null }), 'mcp_tool:call', ({ permit, addDetails }) => {
      permit(server)
      addDetails({ tool })
      throw refusal
    })
  } catch (error) {
    if (error !== refusal) throw error
  }
}
