/**
 * `requestState` of the gateway's own elicitations (MCP 2026-07-28, Multi Round-Trip Requests). Nothing is stored: a MAC binds
 * it to end user, server, call and time. It grants nothing. It names its deployment, since another Keyhouse behind this one has
 * states too.
 */
import type { Context } from '../../context/context.js'
import { getDeploymentId } from '../../encryption/deployment-secrets.js'
import { sha256 } from '../../lib/crypto/digest.js'
import { isEqual } from '../../lib/crypto/is-equal.js'
import { isJsonObject, type JsonObject, type JsonRpcMessage } from '../../lib/json/json-rpc.js'
import { writeJson } from '../../lib/json/write-json.js'
import { runInSlices } from '../../lib/slices.js'
import { GatewayError } from '../gateway-error.js'

/** Milliseconds: the link is valid for less, but the user may answer late. */
const stateTtlMs = 3_600_000

interface Call {
  readonly ctx: Context
  readonly serverId: string
  readonly message: JsonRpcMessage
}

const paramsOf = ({ body: { params } }: JsonRpcMessage): JsonObject => (isJsonObject(params) ? params : {})

/** Removes the members that a retry adds. */
const withoutRetry = ({ inputResponses: _inputResponses, requestState: _requestState, ...params }: JsonObject): JsonObject => params

async function signState({ ctx, serverId, message }: Call, expiresAt: number): Promise<string> {
  const { actor, services } = ctx
  // Each request has its own `_meta`.
  const { _meta, ...params } = withoutRetry(paramsOf(message))
  const digest = sha256(await runInSlices(writeJson(params), actor.organizationId))
  const bound = JSON.stringify([actor.organizationId, actor.endUser?.id ?? null, serverId, message.method, digest, expiresAt])
  return `${getDeploymentId(services.deploymentSecrets)}.${expiresAt}.${services.deploymentSecrets.mac('mcp_elicitation', bound)}`
}

export const createState = (call: Call): Promise<string> => signState(call, call.ctx.now().getTime() + stateTtlMs)

/**
 * Removes a state of the gateway and the responses beside it from the message, which go to no MCP server. Any other message
 * is returned as it is. @throws GatewayError INVALID_REQUEST_STATE
 */
export async function withoutState(call: Call): Promise<JsonRpcMessage> {
  const { ctx, message } = call
  const params = paramsOf(message)
  const { requestState } = params
  if (typeof requestState !== 'string') return message
  if (!requestState.startsWith(`${getDeploymentId(ctx.services.deploymentSecrets)}.`)) return message
  const expiresAt = Number(requestState.split('.')[1])
  if (!isEqual(requestState, await signState(call, expiresAt)) || expiresAt <= ctx.now().getTime()) {
    const text = '"requestState" belongs to another call or end user, or has expired. Repeat the call without it.'
    throw new GatewayError(message.id === null ? 400 : 200, 'INVALID_REQUEST_STATE', text)
  }
  return { ...message, body: { ...message.body, params: withoutRetry(params) } }
}
