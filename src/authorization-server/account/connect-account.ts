/**
 * Pages that connect an account of an end user to an MCP server: the link, the callback of each client, and our Client ID
 * Metadata Documents. The link is no credential: only a browser where its end user is signed in can use it.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import type { Services } from '../../context/services.js'
import { findConnectionPlace, findOAuthClientById } from '../../database/unscoped-queries.js'
import { isId } from '../../lib/id.js'
import { connectionIdOf } from '../../mcp/connections/authorization-url.js'
import { ConnectionRefusal } from '../../mcp/connections/connection-refusal.js'
import { finishMcpConnection } from '../../mcp/connections/finish-mcp-connection.js'
import { openConnection } from '../../mcp/connections/open-connection.js'
import { clientMetadata, documentUrl } from '../../mcp/connections/register-client.js'
import { findActiveConfiguration } from '../../oauth/configurations/active-configuration.js'
import { PageError } from '../../oauth/page-error.js'
import { continuation, findAnswer } from '../authorize/connect-first.js'
import type { ConsentTicket } from '../authorize/consent-ticket.js'
import { grantConsent } from '../authorize/grant-consent.js'
import { beginSignIn } from '../pages/begin-sign-in.js'
import { registerPages } from '../pages/error-page.js'
import { findBrowserSession, type BrowserSessionContext } from '../pages/find-browser-session.js'
import { html } from '../pages/html.js'
import { sendNext, sendPage, sendRedirect } from '../pages/page.js'
import { accountPath } from './account.js'

type Request = FastifyRequest<{ Params: { id: string } }>

/** @throws PageError of the refusal's code. A consent that waits can continue, unless the response was not for this browser */
function refuse(services: Services, session: BrowserSessionContext, answered: ConsentTicket | null, error: unknown): never {
  if (!(error instanceof ConnectionRefusal)) throw error
  const { code, cause } = error
  const isOurs = answered && code !== 'RESPONSE_INVALID'
  throw new PageError(`CONNECTION_${code}`, { cause, continuation: isOurs ? continuation(services, session, answered) : undefined })
}

async function openLink(services: Services, request: Request, reply: FastifyReply): Promise<FastifyReply> {
  const { id } = request.params
  const place = isId(id, 'mcp_con') ? await findConnectionPlace(services.orm, id) : null
  if (!place) throw new PageError('CONNECTION_LINK_INVALID')
  const session = await findBrowserSession(services, request, place)
  if (!session) {
    const active = await findActiveConfiguration(services, place)
    if (!active) throw new PageError('SIGN_IN_UNAVAILABLE')
    return beginSignIn(services, reply, { configuration: active.configuration, returnTo: `/oauth/connect/${id}` })
  }
  const answered = await findAnswer(session, id)
  const { url, server } = await openConnection(session.ctx, id, session.id).catch((error) => refuse(services, session, answered, error))
  if (!answered) return sendRedirect(reply, url)
  return sendNext(reply, {
    title: `Connect ${server.name}`,
    body: html`<p>${answered.client.name} uses it with your account at ${new URL(url).host}. You continue there.</p>`,
    next: url,
  })
}

async function handleCallback(services: Services, request: Request, reply: FastifyReply): Promise<FastifyReply> {
  const { id: clientId } = request.params
  const place = isId(clientId, 'mcp_cli') ? await findOAuthClientById(services.orm, clientId) : null
  const session = place && (await findBrowserSession(services, request, place))
  if (!session) throw new PageError('CONNECTION_RESPONSE_INVALID')
  const parameters = new URLSearchParams(request.url.split('?')[1] ?? '')
  const answered = await findAnswer(session, connectionIdOf(parameters.get('state') ?? ''))
  const response = { clientId, sessionId: session.id, parameters }
  const { server } = await finishMcpConnection(session.ctx, response).catch((error) => refuse(services, session, answered, error))
  const title = `${server.name} is connected`
  if (answered)
    return sendNext(reply, {
      title,
      body: html`<p>You continue at ${answered.client.name}.</p>`,
      next: await grantConsent(session, answered),
    })
  return sendPage(reply, {
    title,
    body: html`<p>Your applications here can use your account at ${new URL(server.serverUrl).host} from now on.</p>
      <p class="note">You can close this page, or see <a href="${accountPath(place)}">your connections</a>.</p>`,
  })
}

/** Client ID Metadata Document (draft-ietf-oauth-client-id-metadata-document): public, as authorization servers fetch it. */
async function sendClientDocument(services: Services, { params }: Request, reply: FastifyReply): Promise<FastifyReply> {
  const { id } = params
  const client = isId(id, 'mcp_cli') ? await findOAuthClientById(services.orm, id) : null
  // The id of a document is its URL, exactly.
  if (client?.kind !== 'CIMD' || client.clientId !== documentUrl(services.config.url, id)) {
    reply.callNotFound()
    return reply
  }
  const metadata = { ...clientMetadata(services.config.url, client.redirectUri), token_endpoint_auth_method: 'none' }
  return reply.header('cache-control', 'public, max-age=300').send({ client_id: client.clientId, ...metadata })
}

export function registerConnectAccount(server: FastifyInstance, services: Services): void {
  registerPages(server, services, (scope) => {
    scope.get('/oauth/connect/:id', (request: Request, reply) => openLink(services, request, reply))
    scope.get('/oauth/callback/:id', (request: Request, reply) => handleCallback(services, request, reply))
  })
  server.get('/oauth/clients/:id', (request: Request, reply) => sendClientDocument(services, request, reply))
}
