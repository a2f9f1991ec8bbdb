/** Authorization endpoint of each issuer (RFC 6749 §3.1): checks the request, has the end user sign in, and asks for consent. */
import type { FastifyReply, FastifyRequest } from 'fastify'

import type { Services } from '../../context/services.js'
import { McpServer } from '../../entities/mcp-server.js'
import type { OAuthConfiguration } from '../../entities/oauth-configuration.js'
import { mcpResource } from '../../lib/audience.js'
import { newId } from '../../lib/id.js'
import type { ClientDocuments } from '../../oauth/clients/client-document.js'
import type { OAuthClient } from '../../oauth/clients/client-metadata.js'
import { findClient } from '../../oauth/clients/find-client.js'
import { allowsRedirect, isLoopbackRedirect, matchesRedirectUri, privateUseScheme, redirectHost } from '../../oauth/clients/redirect-uri.js'
import { findAuthorizationTarget, findConfigurations, type AuthorizationTarget } from '../../oauth/grants/find-authorization-target.js'
import { offeredPermissions } from '../../oauth/grants/offered-permissions.js'
import { PageError } from '../../oauth/page-error.js'
import type { AddressedIssuer } from '../issuer-route.js'
import { beginSignIn } from '../pages/begin-sign-in.js'
import { findBrowserSession } from '../pages/find-browser-session.js'
import { parseRequest, queryOf, readParameters, readState, requireOnce, type AuthorizationParameters } from './authorization-request.js'
import { AuthorizationError, sendError, sendErrorLink, type ResponseTarget } from './authorization-response.js'
import { sendConsentPage } from './consent-page.js'
import { consentPath, sealTicket } from './consent-ticket.js'

/** The redirect URI, which is the client's and allowed. @throws PageError, since nothing may be sent to a foreign one */
function checkRedirectUri(client: OAuthClient, redirectUri: string, policies: readonly OAuthConfiguration[]): string {
  if (!client.redirectUris.some((registered) => matchesRedirectUri(registered, redirectUri))) throw new PageError('REDIRECT_NOT_ALLOWED')
  if (policies.some((policy) => allowsRedirect(policy, redirectUri))) return redirectUri
  const scheme = privateUseScheme(redirectUri)
  throw new PageError('REDIRECT_SCHEME_NOT_ALLOWED', { detail: `The scheme is "${scheme}".` })
}

interface Asking {
  readonly issuer: AddressedIssuer
  readonly client: OAuthClient
  readonly parameters: AuthorizationParameters
  readonly response: ResponseTarget
}

/** @throws AuthorizationError */
function requireTarget(
  { config }: Services,
  target: AuthorizationTarget | undefined,
  { values }: AuthorizationParameters,
): AuthorizationTarget {
  if (!target) {
    const issue = values.has('resource') ? 'resource is no MCP server of this issuer.' : 'The parameter resource is required.'
    throw new AuthorizationError('invalid_target', `${issue} Send the URL of the MCP server.`)
  }
  const { allowedAudiences } = target.key
  if (allowedAudiences && !allowedAudiences.includes(mcpResource(config.url, target.serverId)))
    throw new AuthorizationError('invalid_target', 'The API key of the OAuth configuration does not allow this MCP server as an audience.')
  return target
}

/** Path and query of the request without `prompt`, so that the end user is not sent to sign in again. */
function returnPath({ url }: FastifyRequest): string {
  const parameters = new URLSearchParams(queryOf(url))
  parameters.delete('prompt')
  return `${url.split('?', 1)[0]}?${parameters.toString()}`
}

/** @throws AuthorizationError, which the client is told; PageError */
async function ask(
  services: Services,
  http: FastifyRequest,
  reply: FastifyReply,
  found: AuthorizationTarget | undefined,
  { issuer, client, parameters, response }: Asking,
): Promise<FastifyReply> {
  const { codeChallenge, requested, prompts } = parseRequest(parameters)
  const { serverId, configuration } = requireTarget(services, found, parameters)
  const session = prompts.has('login') ? null : await findBrowserSession(services, http, configuration)
  if (!session) {
    if (prompts.has('none')) throw new AuthorizationError('login_required', 'The end user is not signed in.')
    const prompt = prompts.has('login') ? ({ prompt: 'login' } as const) : {}
    return beginSignIn(services, reply, { configuration, returnTo: returnPath(http), ...prompt })
  }
  // An authorization is never given silently: each makes a grant of its own.
  if (prompts.has('none')) throw new AuthorizationError('consent_required', 'The end user must consent.')
  const server = await session.ctx.load(McpServer, serverId)
  if (!server) throw new PageError('SERVER_UNKNOWN')
  const offered = offeredPermissions(session.ctx.actor, server, requested)
  if (offered.length === 0)
    throw new AuthorizationError('invalid_scope', 'Nothing in scope can be granted here. Omit scope, or ask for mcp_server:use.')
  const { redirectUri } = response
  const ticket = sealTicket(services, issuer, {
    id: newId('grant', services.clock()),
    client: { id: client.id, name: client.name, host: client.host },
    redirectUri,
    codeChallenge,
    serverId,
    permissions: offered,
    target: response,
    projectId: configuration.projectId,
    sessionId: session.id,
  })
  return sendConsentPage(reply, {
    action: consentPath(issuer),
    ticket,
    client,
    redirectUri,
    server,
    offered,
    externalId: session.endUser.externalId,
    keyExpiresAt: session.key.expiresAt,
  })
}

/** Whether a redirect without the end user's decision is harmless: to the device itself, or to a site that the tenant named. */
const isTrusted = (client: OAuthClient, redirectUri: string, policies: readonly OAuthConfiguration[]): boolean =>
  isLoopbackRedirect(redirectUri) || policies.some(({ clientHosts }) => client.host !== null && clientHosts?.includes(client.host))

/** @throws PageError */
export async function authorize(
  services: Services,
  documents: ClientDocuments,
  issuer: AddressedIssuer,
  http: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const parameters = readParameters(http)
  const clientId = requireOnce(parameters, 'client_id')
  const requestedUri = requireOnce(parameters, 'redirect_uri')
  const found = await findAuthorizationTarget(services, issuer, parameters.values.get('resource'))
  // Without a server the client may be one of any project, so that it can be told.
  const policies = found ? [found.configuration] : await findConfigurations(services, issuer)
  const client = await findClient(services, documents, { issuer, clientId, policies })
  const redirectUri = checkRedirectUri(client, requestedUri, policies)
  const response = { issuer: issuer.url, redirectUri, state: readState(parameters) }
  try {
    return await ask(services, http, reply, found, { issuer, client, parameters, response })
  } catch (error) {
    if (!(error instanceof AuthorizationError)) throw error
    http.state.codes = [error.code]
    return isTrusted(client, redirectUri, policies)
      ? sendError(reply, response, error)
      : sendErrorLink(reply, response, error, redirectHost(redirectUri))
  }
}
