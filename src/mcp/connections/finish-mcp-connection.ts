/** Finishes a connection: checks the authorization response, redeems its code, and stores the tokens for the end user. */
import {
  AuthorizationResponseError,
  OperationProcessingError,
  UnsupportedOperationError,
  validateAuthResponse,
  type AuthorizationServer,
} from 'oauth4webapi'

import type { Context } from '../../context/context.js'
import { perform } from '../../context/perform.js'
import { spendConnection } from '../../database/queries/mcp-connections.js'
import { ApiKey } from '../../entities/api-key.js'
import type { McpCredential } from '../../entities/mcp-credential.js'
import { McpServer } from '../../entities/mcp-server.js'
import { runStatements } from '../../journal/maintain-rows.js'
import { isEqual } from '../../lib/crypto/is-equal.js'
import { OAuthClientError } from '../../outbound/oauth-client-error.js'
import { upsertEndUser } from '../../tenancy/end-user.js'
import { connectionIdOf, connectionState, openVerifier } from './authorization-url.js'
import { ConnectionRefusal } from './connection-refusal.js'
import { findPendingConnection, type PendingConnection } from './open-connection.js'
import { retireClient } from './retire-client.js'
import { revokeTokens } from './revoke-upstream.js'
import { storeTokens } from './store-tokens.js'
import { exchangeCode, type Tokens } from './token-requests.js'

export interface AuthorizationResponse {
  /** Client that the callback belongs to: one for each authorization server (RFC 9700 §4.4.2). */
  readonly clientId: string
  readonly sessionId: string
  readonly parameters: URLSearchParams
}

/** @param ctx of the browser session @throws ConnectionRefusal */
export async function finishMcpConnection(ctx: Context, response: AuthorizationResponse): Promise<{ server: McpServer }> {
  const { services } = ctx
  const state = singleState(response.parameters)
  const { clientId, sessionId } = response
  const connectionId = connectionIdOf(state)
  const expected = connectionState(services.deploymentSecrets, { connectionId, clientId, sessionId })
  if (!isEqual(state, expected)) throw new ConnectionRefusal('RESPONSE_INVALID')
  const pending = await findPendingConnection(ctx, connectionId)
  if (pending.client.id !== clientId) throw new ConnectionRefusal('RESPONSE_INVALID')
  const metadata = await services.oauthDiscovery.authorizationServer(pending.client.organizationId, pending.client.issuer).catch(toRefusal)
  const parameters = validateResponse(metadata, pending, response.parameters, expected)
  const verifier = openVerifier(services.masterKeys, pending.connection)
  // Spent before the code is sent: a code that arrives twice would revoke what the first one gave (RFC 6749 §4.1.2).
  const isSpent = await runStatements(services, ({ run }) => run(spendConnection, ctx.now(), pending.connection.id))
  if (isSpent === 0) throw new ConnectionRefusal('LINK_USED')
  const { client, connection } = pending
  const tokens = await exchangeCode(services, { metadata, client }, { parameters, verifier, resource: connection.resource }).catch(
    async (error: unknown) => {
      if (error instanceof OAuthClientError && error.code === 'INVALID_CLIENT') await retireClient(services, client)
      return toRefusal(error)
    },
  )
  try {
    return await store(ctx, pending, tokens)
  } catch (error) {
    revokeTokens(services, client, tokens)
    throw error
  }
}

/** RFC 6749 §3.1: parameters must not be sent more than once. */
function singleState(parameters: URLSearchParams): string {
  const names = [...parameters.keys()]
  const state = parameters.get('state')
  if (state === null || new Set(names).size < names.length) throw new ConnectionRefusal('RESPONSE_INVALID')
  return state
}

function toRefusal(error: unknown): never {
  if (!(error instanceof OAuthClientError)) throw error
  throw new ConnectionRefusal(error.code === 'INVALID_CLIENT' ? 'CLIENT_UNKNOWN' : 'PROVIDER_FAILED', { cause: error })
}

/** `iss` by RFC 9207 §2.4, on errors too: missing though announced, or not identical, it may be a mix-up. */
function validateResponse(
  metadata: AuthorizationServer,
  { client }: PendingConnection,
  parameters: URLSearchParams,
  state: string,
): URLSearchParams {
  try {
    return validateAuthResponse(metadata, { client_id: client.clientId }, parameters, state)
  } catch (error) {
    if (error instanceof AuthorizationResponseError)
      throw new ConnectionRefusal(error.error === 'access_denied' ? 'ACCESS_DENIED' : 'PROVIDER_FAILED')
    if (error instanceof OperationProcessingError) throw new ConnectionRefusal('ISSUER_INVALID')
    // A response of the implicit or hybrid flow.
    if (error instanceof UnsupportedOperationError) throw new ConnectionRefusal('RESPONSE_INVALID')
    throw error
  }
}

async function store(ctx: Context, { connection, client }: PendingConnection, tokens: Tokens): Promise<{ server: McpServer }> {
  return perform(ctx, 'mcp_connection:finish', async ({ em, actor, now, permit, addDetails }) => {
    permit()
    const server = await em.findOne(McpServer, { id: connection.serverId })
    if (!server || server.origin !== connection.origin) throw new ConnectionRefusal('SERVER_CHANGED')
    const key = await em.findOne(ApiKey, { id: connection.apiKeyId })
    if (key?.status(now) !== 'ACTIVE') throw new ConnectionRefusal('KEY_REVOKED')
    const credential: McpCredential = await storeTokens(em, ctx.services.masterKeys, { connection, client, server, tokens }, now)
    permit(credential)
    if (actor.endUser) await upsertEndUser(em, server, actor.endUser.externalId, now)
    const { issuer, id: clientId } = client
    addDetails({ serverId: server.id, connectionId: connection.id, issuer, clientId, version: credential.version })
    return { server }
  })
}
