/** Authenticates a request by its headers and creates its context. */
import type { FastifyReply, FastifyRequest } from 'fastify'

import type { Actor } from '../access/actor.js'
import {
  authenticate,
  authenticateClient,
  authenticateSession,
  type AuthDependencies,
  type PresentedClient,
  type PresentedHeaders,
} from '../access/authenticate.js'
import { endOverlap } from '../api-keys/end-overlap.js'
import { Context } from '../context/context.js'
import type { Services } from '../context/services.js'
import { missingCredential, RequestError, unauthenticated } from '../lib/errors.js'
import { acceptedUrls } from '../lib/issuer.js'
import type { SignatureGate } from '../signing-keys/keyring.js'
import { clientAddress } from './client-address.js'
import { readCookie, type Cookie } from './cookie.js'
import { enforceRateLimit, throttleUnknownCredentials } from './rate-limits.js'
import { findMisspelledHeader, rawHeaderValues } from './raw-headers.js'

/**
 * Sets the context of the request's state, by the `Authorization` header. Cookies are never read.
 * @param serverId MCP server whose gateway route was called; omitted: another route
 * @throws RequestError of {@link authenticate}, or RATE_LIMITED
 */
export async function createContext(
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
  serverId: string | null = null,
): Promise<Context> {
  const authorization = rawHeaderValues(request.raw, 'authorization')
  const [first, second] = authorization
  if (first === undefined) {
    if (rawHeaderValues(request.raw, 'x-on-behalf-of').length > 0 || findMisspelledHeader(request.raw) !== undefined)
      throw missingCredential()
    return (request.state.context = anonymousContext(services, request))
  }
  if (second !== undefined) throw new RequestError('BAD_REQUEST', 'The Authorization header was sent more than once. Send it once.')
  return authenticateRequest(services, request, reply, (deps, presented) =>
    authenticate(deps, { ...presented, authorization: first, serverId }),
  )
}

const missingSession = (): RequestError => unauthenticated('There is no console session in this browser. Sign in to the console.', false)

/**
 * Sets the context of the request's state, by the console's cookie and `X-Keyhouse-Session-Key`. `Authorization` is not read:
 * a proxy may use it for itself.
 * @throws RequestError of {@link authenticateSession}, or RATE_LIMITED
 */
export async function createSessionContext(
  services: Services,
  cookie: Cookie,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Context> {
  const jwt = readCookie(cookie, request.raw)
  if (jwt === undefined) throw missingSession()
  return authenticateRequest(services, request, reply, (deps, presented) => authenticateSession(deps, jwt, presented))
}

/** Sets the context of the request's state, by an API key as OAuth client. @throws RequestError of {@link authenticateClient}, or RATE_LIMITED */
export const createClientContext = (
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
  client: PresentedClient,
): Promise<Context> => authenticateRequest(services, request, reply, (deps, presented) => authenticateClient(deps, client, presented))

const requestOrigin = (request: FastifyRequest): Context['origin'] => ({ requestId: request.id, ipAddress: clientAddress(request) })

/** Context of a request without a credential. */
export const anonymousContext = (services: Services, request: FastifyRequest): Context =>
  new Context(services, requestOrigin(request), null, () => Promise.reject(missingCredential()))

/** Context of a request whose credential a route authenticated itself. @param authenticateAgain throws if it is no longer valid */
export const actorContext = (services: Services, request: FastifyRequest, actor: Actor, authenticateAgain: () => Promise<Actor>): Context =>
  (request.state.context = new Context(services, requestOrigin(request), actor, authenticateAgain))

/** Authenticates by the credential that the request presented. */
type Authenticate = (deps: AuthDependencies, presented: PresentedHeaders) => Promise<Actor>

async function authenticateRequest(
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
  authenticateBy: Authenticate,
): Promise<Context> {
  const origin = requestOrigin(request)
  const gate = signatureGate(services, request)
  const presented = {
    onBehalfOf: rawHeaderValues(request.raw, 'x-on-behalf-of'),
    sessionKeys: rawHeaderValues(request.raw, 'x-keyhouse-session-key'),
    address: origin.ipAddress,
  }
  const respelled = findMisspelledHeader(request.raw)
  const resolveActor = (): Promise<Actor> => authenticateBy(authDependencies(services, gate), presented)
  const actor = await resolveActor().catch((error: unknown) => {
    throttleUnknownCredentials(services, error, origin.ipAddress ?? '')
    throw error
  })
  if (respelled !== undefined)
    throw new RequestError(
      'BAD_REQUEST',
      `The header ${respelled} is misspelled. Send it as "${respelled}", with hyphens and no underscores.`,
    )
  const ctx = (request.state.context = new Context(services, origin, actor, resolveActor))
  await enforceRateLimit(ctx, reply)
  await recordUse(ctx)
  return ctx
}

const authDependencies = (services: Services, gate: SignatureGate): AuthDependencies => ({
  queryRunner: services.queryRunner,
  // Read at each use: a verification may have waited in the queue.
  get now() {
    return services.clock()
  },
  urls: acceptedUrls(services.config),
  verify: (text, typ) => services.keyring.verify(text, typ, gate),
})

/** Gate for the signature of a token that an unauthenticated request presents. */
export const signatureGate = (
  { verificationQueue, clock }: Services,
  request: FastifyRequest,
  address = clientAddress(request) ?? '',
): SignatureGate => ({
  async enter() {
    const isPresent = await verificationQueue.waitForTurn(address, clock(), () => request.raw.socket.destroyed)
    if (!isPresent) throw new RequestError('REQUEST_TIMEOUT', 'The client disconnected.')
  },
  recordFailure: () => verificationQueue.recordFailure(address, clock()),
})

async function recordUse(ctx: Context): Promise<void> {
  const { kind, apiKey, personalToken, endUser, projectIds, environment } = ctx.actor
  const { writeBehind } = ctx.services
  // An access token is not a use of the API key that it was exchanged from.
  if (apiKey && kind === 'API_KEY') writeBehind.touchApiKey(apiKey.id, ctx.now())
  if (personalToken) writeBehind.touchPersonalToken(personalToken.id, ctx.now())
  if (endUser) writeBehind.touchEndUser(endUser.id, ctx.now())
  const projectId = projectIds?.[0]
  if (apiKey?.endsOverlap && projectId !== undefined && environment) {
    await endOverlap(ctx, { id: apiKey.id, projectId, environment })
    await ctx.refreshActor()
  }
}
