/** Authenticates a request by its headers and creates its context. */
import type { FastifyReply, FastifyRequest } from 'fastify'

import type { Actor } from '../access/actor.js'
import { authenticate, type AuthDependencies } from '../access/authenticate.js'
import { endOverlap } from '../api-keys/end-overlap.js'
import { Context } from '../context/context.js'
import type { Services } from '../context/services.js'
import { missingCredential, RequestError } from '../lib/errors.js'
import { acceptedUrls } from '../lib/issuer.js'
import type { SignatureGate } from '../signing-keys/keyring.js'
import { clientAddress } from './client-address.js'
import { enforceRateLimit, throttleUnknownCredentials } from './rate-limits.js'
import { findMisspelledHeader, rawHeaderValues } from './raw-headers.js'

/** Sets the context of the request's state. @throws RequestError of {@link authenticate}, or RATE_LIMITED */
export async function createContext(services: Services, request: FastifyRequest, reply: FastifyReply): Promise<Context> {
  const authorization = rawHeaderValues(request.raw, 'authorization')
  const onBehalfOf = rawHeaderValues(request.raw, 'x-on-behalf-of')
  const origin = { requestId: request.id, ipAddress: clientAddress(request) }
  const respelled = findMisspelledHeader(request.raw)
  const [first, second] = authorization
  if (first === undefined) {
    if (onBehalfOf.length > 0 || respelled !== undefined) throw missingCredential()
    return (request.state.context = new Context(services, origin, null, () => Promise.reject(missingCredential())))
  }
  if (second !== undefined) throw new RequestError('BAD_REQUEST', 'The Authorization header was sent more than once. Send it once.')
  const gate = signatureGate(services, request, origin.ipAddress ?? '')
  const resolveActor = (): Promise<Actor> =>
    authenticate(authDependencies(services, gate), { authorization: first, onBehalfOf, address: origin.ipAddress })
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

const signatureGate = ({ verificationQueue, clock }: Services, { raw }: FastifyRequest, address: string): SignatureGate => ({
  async enter() {
    const isPresent = await verificationQueue.waitForTurn(address, clock(), () => raw.socket.destroyed)
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
