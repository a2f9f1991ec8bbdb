/** Page where an end user sees and ends its connections, in one project and environment. Applications link to it. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import { can } from '../../access/actor.js'
import type { Services } from '../../context/services.js'
import { findProjectById } from '../../database/unscoped-queries.js'
import { Environment } from '../../entities/enums.js'
import type { McpServer } from '../../entities/mcp-server.js'
import { assertSameOrigin } from '../../http/same-origin.js'
import { open, seal, SealError } from '../../lib/crypto/seal.js'
import { isId } from '../../lib/id.js'
import { offerMcpConnection } from '../../mcp/connections/offer-mcp-connection.js'
import { revokeMcpCredential } from '../../mcp/credentials/revoke-mcp-credential.js'
import { acquireExchangeSlot } from '../../mcp/in-flight.js'
import { findActiveConfiguration, type Place } from '../../oauth/configurations/active-configuration.js'
import { revokeOwnGrant } from '../../oauth/grants/revoke-own-grant.js'
import { PageError } from '../../oauth/page-error.js'
import { registerFormParser, type Form } from '../form.js'
import { beginSignIn } from '../pages/begin-sign-in.js'
import { registerPages } from '../pages/error-page.js'
import { findBrowserSession, type BrowserSessionContext } from '../pages/find-browser-session.js'
import { html } from '../pages/html.js'
import { sendNext, sendRedirect } from '../pages/page.js'
import { sendAccountPage } from './account-page.js'
import { readEndUserAccount } from './end-user-account.js'

type Request = FastifyRequest<{ Params: { projectId: string; environment: string }; Querystring: { server?: unknown } }>

interface AccountPlace extends Place {
  /** Id of an MCP server that the page offers to connect. Undefined: those of the end user alone. */
  readonly serverId?: string | undefined
}

export const accountPath = ({ projectId, environment, serverId }: Omit<AccountPlace, 'organizationId'>): string =>
  `/oauth/account/${projectId}/${environment.toLowerCase()}${serverId === undefined ? '' : `?server=${serverId}`}`

/** An unknown project is refused like one without sign-in: strangers cannot enumerate projects. @throws PageError */
async function findPlace(services: Services, { params, query }: Request): Promise<AccountPlace> {
  const { projectId } = params
  const environment = Object.values(Environment).find((value) => value.toLowerCase() === params.environment)
  const project = environment && isId(projectId, 'prj') ? await findProjectById(services.orm, projectId) : null
  if (!environment || !project) throw new PageError('SIGN_IN_UNAVAILABLE')
  const { server } = query
  const serverId = typeof server === 'string' && isId(server, 'mcp_srv') ? server : undefined
  return { organizationId: project.organizationId, projectId, environment, serverId }
}

const formAad = (sessionId: string): string[] => ['account_form', sessionId]

async function showAccount(services: Services, request: Request, reply: FastifyReply): Promise<FastifyReply> {
  const place = await findPlace(services, request)
  const session = await findBrowserSession(services, request, place)
  if (!session) {
    const active = await findActiveConfiguration(services, place)
    if (!active) throw new PageError('SIGN_IN_UNAVAILABLE')
    return beginSignIn(services, reply, { configuration: active.configuration, returnTo: accountPath(place) })
  }
  const { ctx, endUser, id } = session
  return sendAccountPage(reply, {
    ...(await readEndUserAccount(ctx, endUser.id, place.serverId)),
    path: accountPath(place),
    token: seal(services.masterKeys, formAad(id), id),
    externalId: endUser.externalId,
    canConnect: can(ctx.actor, 'mcp_server:use'),
  })
}

/** @throws PageError for a form of no session, or of another one */
async function requireForm(services: Services, request: Request, place: Place): Promise<{ form: Form; session: BrowserSessionContext }> {
  const form = (request.body ?? new Map()) as Form
  const session = await findBrowserSession(services, request, place)
  if (!session) throw new PageError('ACCOUNT_FORM_INVALID')
  try {
    open(services.masterKeys, formAad(session.id), form.get('token') ?? '')
    return { form, session }
  } catch (error) {
    throw error instanceof SealError ? new PageError('ACCOUNT_FORM_INVALID', { cause: error }) : error
  }
}

/** @throws PageError where no account can be connected */
async function connectLink({ ctx }: BrowserSessionContext, server: McpServer): Promise<string> {
  const release = acquireExchangeSlot(ctx, 'call')
  try {
    const offered = await offerMcpConnection(ctx, server)
    if (!offered) throw new PageError('ACCOUNT_NOT_CONNECTABLE')
    return offered.url
  } finally {
    release()
  }
}

/**
 * Only what the page shows can be named. An id of anything else changes nothing.
 * @throws PageError; RequestError FORBIDDEN for a form of another site
 */
async function changeAccount(services: Services, request: Request, reply: FastifyReply): Promise<FastifyReply> {
  assertSameOrigin(request)
  const place = await findPlace(services, request)
  const { form, session } = await requireForm(services, request, place)
  const { ctx, endUser } = session
  const { grants, accounts } = await readEndUserAccount(ctx, endUser.id, place.serverId)
  const grant = grants.find((row) => row.grant.id === form.get('revoke'))?.grant
  const credential = accounts.find((row) => row.credential?.id === form.get('disconnect'))?.credential
  const server = accounts.find((row) => row.server.id === form.get('connect'))?.server
  if (grant) await revokeOwnGrant(ctx, grant)
  else if (credential) await revokeMcpCredential(ctx, credential, 'mcp_credential:revoke_own')
  else if (server)
    return sendNext(reply, {
      title: `Connect ${server.name}`,
      body: html`<p>You continue at the service where your account is.</p>`,
      next: await connectLink(session, server),
    })
  // Otherwise the page could not connect again what it disconnected.
  const serverId = credential?.authType === 'OAUTH' ? credential.serverId : place.serverId
  return sendRedirect(reply, accountPath({ ...place, serverId }))
}

export function registerAccountPage(server: FastifyInstance, services: Services): void {
  registerPages(server, services, (scope) => {
    registerFormParser(scope)
    const path = '/oauth/account/:projectId/:environment'
    scope.get(path, (request: Request, reply) => showAccount(services, request, reply))
    scope.post(path, (request: Request, reply) => changeAccount(services, request, reply))
  })
}
