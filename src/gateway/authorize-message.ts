/** Authorizes a gateway message, and finds the server, credential and session to forward it with. */
import { can, type Actor } from '../access/actor.js'
import type { Context } from '../context/context.js'
import type { McpServer } from '../entities/mcp-server.js'
import { forbidden, invalidState, limitExceeded, objectNotFoundMessage, RequestError, type DomainError } from '../lib/errors.js'
import { isId } from '../lib/id.js'
import { isJsonObject, type JsonObject, type JsonRpcMessage } from '../lib/json/json-rpc.js'
import { toInteroperableJson } from '../lib/json/plain-json.js'
import {
  approveToolCall,
  maxArgumentsBytes,
  maxParamsBytes,
  type ToolCall,
  type PendingApproval,
} from '../mcp/approvals/approve-tool-call.js'
import type { UsableCredential } from '../mcp/credentials/open-credential.js'
import { findServerWithCredential } from '../mcp/servers/find-server-with-credential.js'
import { createAllowList, createToolFilter, isToolName, requiresApproval, toolPermission, type ToolFilter } from '../mcp/tool-access.js'
import { insufficientScope } from './challenge.js'
import { connectLink, reconnectRequired } from './connect-link.js'
import { GatewayError } from './gateway-error.js'
import { recordRefusedCall } from './record-tool-call.js'
import { unbindSession } from './session.js'

export interface AuthorizedMessage {
  readonly server: McpServer
  readonly credential: UsableCredential
  /** Whether the credential is the one that the server shares with end users. */
  readonly isShared: boolean
  readonly isAllowed: ToolFilter
  /** The upstream's session id; null when the client sent none. */
  readonly session: string | null
  /** Name of the called tool; null for every other message. */
  readonly tool: string | null
}

export interface AuthorizeMessageArgs {
  readonly serverId: string
  readonly message: JsonRpcMessage | null
  /** Session id as the client sent it, sealed by the gateway. */
  readonly session: string | undefined
  /** The client's protocol headers, which are forwarded. */
  readonly headers: Readonly<Record<string, string>>
}

const parseToolCall = (message: JsonRpcMessage | null): { tool: unknown; params: JsonObject } | null => {
  if (message?.method !== 'tools/call') return null
  const params = isJsonObject(message.body['params']) ? message.body['params'] : {}
  return { tool: params['name'], params }
}

/**
 * All permissions that the message needs, if the token of an OAuth grant lacks some and its API key has them all: then another
 * authorization helps. Null otherwise.
 */
function missingScope(actor: Actor, tool: unknown): string[] | null {
  if (!actor.grant) return null
  const needed = ['mcp_server:use', ...(isToolName(tool) ? [toolPermission(tool)] : [])]
  const key = { ...actor, permissions: actor.grant.keyPermissions }
  return needed.every((permission) => can(key, permission)) && !needed.every((permission) => can(actor, permission)) ? needed : null
}

/** The order of the checks is part of the contract. @throws GatewayError or RequestError */
export async function authorizeMessage(
  ctx: Context,
  { serverId, message, session: boundSession, headers }: AuthorizeMessageArgs,
): Promise<AuthorizedMessage> {
  const { actor } = ctx
  if (!actor.apiKey)
    throw new GatewayError(
      403,
      'FORBIDDEN',
      'The gateway accepts API keys and access tokens, not personal tokens. Send one of them as the credential.',
    )
  const call = parseToolCall(message)
  const missing = missingScope(actor, call?.tool)
  if (!can(actor, 'mcp_server:use')) {
    if (missing) throw insufficientScope(missing)
    throw new GatewayError(403, 'FORBIDDEN', 'This credential does not hold the required permission "mcp_server:use".')
  }
  const found = isId(serverId, 'mcp_srv') ? await findServerWithCredential(ctx, serverId) : null
  if (!found) throw new GatewayError(404, 'NOT_FOUND', objectNotFoundMessage('MCP server'))
  const { server, credential, isShared } = found
  const isAllowed = createToolFilter(actor, server)
  if (call && message?.id == null)
    throw new GatewayError(400, 'INVALID_REQUEST', '"id" is required: a tool call is a request, not a notification.')
  const tool = call && typeof call.tool === 'string' && isAllowed(call.tool) ? call.tool : null
  const refuse = async (error: GatewayError | RequestError, auditError: DomainError): Promise<never> => {
    if (call) await recordRefusedCall(ctx, server, tool, auditError)
    throw error
  }
  if (call && tool === null) {
    const text =
      'The tool is not allowed. It must be in "allowedTools" of the server, and the credential needs the permission "mcp_tool:<name>".'
    const isListed = isToolName(call.tool) && createAllowList(server)(call.tool)
    return refuse(missing && isListed ? insufficientScope(missing) : new GatewayError(200, 'TOOL_NOT_ALLOWED', text), forbidden(text))
  }
  if (credential?.healthStatus === 'RECONNECT_REQUIRED') {
    const error = reconnectRequired(message?.id == null ? 403 : 200, await connectLink(ctx, server))
    return refuse(error, invalidState(error.message))
  }
  if (!credential) {
    const link = await connectLink(ctx, server)
    const text = actor.endUser
      ? `The MCP server has no usable credential for this end user. ${link.connectUrl ? 'Connect an account at "connectUrl", or store' : 'Store'} one with createMcpCredential.`
      : 'The MCP server has no usable credential of the backend. Send X-On-Behalf-Of to use that of an end user, or store one with createMcpCredential.'
    return refuse(new GatewayError(message?.id == null ? 403 : 200, 'NO_CREDENTIAL', text, link), invalidState(text))
  }
  const session =
    boundSession === undefined ? null : unbindSession(ctx.services.deploymentSecrets, boundSession, { actor, server, credential })
  if (session === undefined)
    throw new GatewayError(404, 'SESSION_NOT_FOUND', 'No MCP session has this "Mcp-Session-Id". Start a new session with "initialize".')
  if (call && tool !== null && requiresApproval(server))
    await approve(ctx, { server, tool, params: call.params, headers, credential }, refuse)
  return { server, credential, isShared, isAllowed, session, tool }
}

/**
 * The parameters in the form that a person approves and that calls are compared by. Null when they are too large, or when this
 * form differs from what would be forwarded.
 */
function toApprovableParams(params: JsonObject): ToolCall['params'] | null {
  const plain = toInteroperableJson({ ...params, arguments: params['arguments'] ?? {} }, maxParamsBytes)
  const args = isJsonObject(plain) ? plain['arguments'] : undefined
  return isJsonObject(args) && Buffer.byteLength(JSON.stringify(args)) <= maxArgumentsBytes ? (plain as ToolCall['params']) : null
}

async function approve(
  ctx: Context,
  call: Omit<ToolCall, 'params'> & { readonly params: JsonObject },
  refuse: (error: GatewayError | RequestError, auditError: DomainError) => Promise<never>,
): Promise<void> {
  const params = toApprovableParams(call.params)
  if (!params) {
    const rule = `The parameters of a call that needs approval must be I-JSON (RFC 7493) without NUL, of at most ${maxParamsBytes} bytes, and "arguments" an object of at most ${maxArgumentsBytes} bytes.`
    return refuse(new GatewayError(200, 'INVALID_PARAMS', rule), invalidState(rule))
  }
  const pending = await approveToolCall(ctx, { ...call, params }).catch((error: unknown) => {
    if (!(error instanceof RequestError && error.code === 'CONCURRENCY_LIMITED')) throw error
    return refuse(error, limitExceeded(error.message))
  })
  if (pending) await refuse(toApprovalError(pending, ctx.now()), invalidState(pending.status))
}

function toApprovalError({ status, approvalId, expiresAt, reason }: PendingApproval, now: Date): GatewayError {
  if (status === 'PENDING') {
    const text = `The call requires approval (${approvalId}). Repeat the same call once it is approved.`
    return new GatewayError(200, 'APPROVAL_PENDING', text, { approvalId, expiresAt })
  }
  const text = `The call was denied (${approvalId}).${reason ? ` Reason: ${reason}` : ''}`
  const retryAfterMs = expiresAt.getTime() - now.getTime()
  return new GatewayError(200, 'APPROVAL_DENIED', text, { approvalId, expiresAt, decisionReason: reason, retryAfterMs })
}
