/** URL mode elicitation (MCP, Elicitation): asks the client to have its user open the link where an account is connected. */
import type { FastifyRequest } from 'fastify'

import type { Context } from '../../context/context.js'
import { rpcError, valueAt, type JsonObject, type JsonRpcMessage } from '../../lib/json/json-rpc.js'
import { GatewayError } from '../gateway-error.js'
import { elicitationForm } from './client-capabilities.js'
import { createState } from './elicitation-state.js'

/** Code of MCP 2025-11-25 (Elicitation, Error Handling). */
const urlElicitationRequired = -32_042

/** Key of the request to the client, and of its response. */
const inputKey = 'keyhouse_connect'

const prompt = 'Connect your account to continue: open this page, sign in and allow the access'

/** The refusal, in the form that asks the client to open the link. */
class ElicitationRequired extends GatewayError {
  constructor(
    { status, reason, message, data }: GatewayError,
    private readonly response: JsonObject,
  ) {
    super(status, reason, message, data)
  }

  override toResponse(): JsonObject {
    return this.response
  }
}

/** Undefined where another connection does not help: the MCP server refused the account, and named no scope that it lacks. */
const requiredUrl = ({ reason, data }: GatewayError): string | undefined =>
  reason === 'CREDENTIAL_REFUSED' && !('neededScopes' in data) ? undefined : Reflect.get(data, 'connectUrl')

/** `accept`, `decline` or `cancel` of the user; anything else if the client sent no answer. */
const userAction = ({ body }: JsonRpcMessage): unknown => valueAt(body, 'params', 'inputResponses', inputKey, 'action')

/** Whether the user agreed to open the link, which does not mean that the account is connected. */
export const isAccepted = (message: JsonRpcMessage): boolean => userAction(message) === 'accept'

const isDeclined = (message: JsonRpcMessage): boolean => userAction(message) === 'decline' || userAction(message) === 'cancel'

type GatewayRequest = FastifyRequest<{ Params: { serverId: string } }>

/** Returns the error in the form that the client can handle: as it is, if the client or its user does not open the link. */
export async function toElicitation(ctx: Context, { state, headers, params }: GatewayRequest, error: unknown): Promise<unknown> {
  const { message } = state
  if (!(error instanceof GatewayError) || message?.id == null) return error
  const url = requiredUrl(error)
  if (url === undefined) return error
  const form = elicitationForm(message, headers)
  if (form === null) return error
  if (form === 'ERROR') {
    // The last part of the link is the id of the connection.
    const elicitations = [{ mode: 'url', elicitationId: url.slice(url.lastIndexOf('/') + 1), url, message: prompt }]
    const data = { reason: error.reason, ...error.data, elicitations }
    return new ElicitationRequired(error, rpcError(message.id, { code: urlElicitationRequired, message: error.message, data }))
  }
  if (isDeclined(message)) return error
  const result = {
    resultType: 'input_required',
    inputRequests: { [inputKey]: { method: 'elicitation/create', params: { mode: 'url', url, message: prompt } } },
    requestState: await createState({ ctx, serverId: params.serverId, message }),
  }
  return new ElicitationRequired(error, { jsonrpc: '2.0', id: message.id, result })
}
