/** The way back from the provider or the product: ends a sign-in in the browser that began it. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import type { Context } from '../../context/context.js'
import type { Services } from '../../context/services.js'
import { readCookie, setCookie } from '../../http/cookie.js'
import { actorContext } from '../../http/create-context.js'
import { sha256 } from '../../lib/crypto/digest.js'
import { findActiveConfiguration, type ActiveConfiguration } from '../../oauth/configurations/active-configuration.js'
import { PageError } from '../../oauth/page-error.js'
import { sessionTtlSeconds } from '../../oauth/sign-in/browser-session.js'
import { identifyEndUser } from '../../oauth/sign-in/identify-end-user.js'
import { signInActor, signInEndUser, type Identity } from '../../oauth/sign-in/sign-in-end-user.js'
import { parseRequest, signInFingerprint, type SignInRequest } from '../../oauth/sign-in/sign-in-request.js'
import { placeCookie, signInCookie } from './browser-cookies.js'
import { registerPages } from './error-page.js'
import { sendRedirect } from './page.js'

/** @throws PageError for a parameter that is sent twice: two readers could take different ones */
function readParameters({ url }: FastifyRequest): URLSearchParams {
  const parameters = new URLSearchParams(url.split('?')[1] ?? '')
  const names = [...parameters.keys()]
  if (new Set(names).size < names.length) throw new PageError('SIGN_IN_INVALID')
  return parameters
}

/** @throws PageError for a forged or expired request, and in another browser (login CSRF, RFC 9700 §4.7) */
function readRequest(services: Services, { raw }: FastifyRequest, state: string | null): SignInRequest {
  const browser = readCookie(signInCookie(services), raw)
  const request = parseRequest(services.deploymentSecrets, state ?? '')
  if (!request) throw new PageError('SIGN_IN_INVALID')
  if (browser === undefined || sha256(browser) !== request.browser) throw new PageError('SIGN_IN_OTHER_BROWSER')
  if (request.expiresAt <= services.clock().getTime()) throw new PageError('SIGN_IN_EXPIRED')
  return request
}

/** @throws PageError when OAuth is off meanwhile, or was configured anew */
async function findConfiguration(services: Services, request: SignInRequest): Promise<ActiveConfiguration> {
  const active = await findActiveConfiguration(services, request)
  if (!active) throw new PageError('SIGN_IN_UNAVAILABLE')
  if (signInFingerprint(active.configuration) !== request.fingerprint) throw new PageError('SIGN_IN_CHANGED')
  return active
}

function contextOf(
  services: Services,
  http: FastifyRequest,
  request: SignInRequest,
  active: ActiveConfiguration,
  identity: Identity,
): Context {
  return actorContext(services, http, signInActor(request, active, identity, services.clock()), async () =>
    signInActor(request, await findConfiguration(services, request), identity, services.clock()),
  )
}

async function handleCallback(services: Services, http: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const parameters = readParameters(http)
  const request = readRequest(services, http, parameters.get('state'))
  const active = await findConfiguration(services, request)
  const identity = await identifyEndUser(services, request, active.configuration, parameters)
  const session = await signInEndUser(contextOf(services, http, request, active, identity), request, identity)
  return sendRedirect(reply.header('set-cookie', setCookie(placeCookie(services, request), session, sessionTtlSeconds)), request.returnTo)
}

export function registerSignIn(server: FastifyInstance, services: Services): void {
  registerPages(server, services, (scope) => {
    scope.get('/oauth/sign-in/callback', (request, reply) => handleCallback(services, request, reply))
  })
}
