/** Session of the console: a LOGIN token in a cookie that no script reads, bound to a session key that no cookie holds. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import type { Context } from '../context/context.js'
import type { Services } from '../context/services.js'
import type { Cookie } from '../http/cookie.js'
import { anonymousContext, createSessionContext } from '../http/create-context.js'
import { assertSameOrigin } from '../http/same-origin.js'
import { setSessionCookie } from '../http/session-cookie.js'
import { generateSessionKey } from '../lib/crypto/session-key.js'
import { DomainError, RequestError } from '../lib/errors.js'
import { Secret } from '../lib/secret.js'
import { version } from '../lib/version.js'
import { acceptInvitation } from '../members/accept-invitation.js'
import { revokePersonalToken } from '../personal-tokens/revoke-personal-token.js'
import { signIn } from '../sign-in/sign-in.js'

const path = '/console/session'

/** Ways to sign in, without a session: the tokens that `POST` takes. */
const ways = ['signInToken', 'invitationToken'] as const

const unreadableBody = (): RequestError =>
  new RequestError('BAD_REQUEST', 'The body must be {"signInToken": "…"} or {"invitationToken": "…", "name": "…"}.')

/** @throws DomainError or RequestError of the verb; RequestError BAD_REQUEST for another body */
async function openSession(ctx: Context, body: unknown, sessionKey: string): Promise<string> {
  const { signInToken, invitationToken, name, ...others } = Object(body) as Readonly<Record<string, unknown>>
  if (Object.keys(others).length > 0) throw unreadableBody()
  if (typeof signInToken === 'string' && invitationToken === undefined && name === undefined)
    return (await signIn(ctx, new Secret(signInToken), sessionKey)).token
  if (typeof invitationToken === 'string' && typeof name === 'string' && signInToken === undefined)
    return (await acceptInvitation(ctx, { invitationToken: new Secret(invitationToken), name }, sessionKey)).token
  throw unreadableBody()
}

/** Refusals of the verb, as errors of GraphQL: 422, since the request itself was understood (RFC 9110 §15.5.21). */
function sendRefusal(request: FastifyRequest, reply: FastifyReply, { userErrors }: DomainError): FastifyReply {
  request.state.codes = userErrors.map(({ code }) => code)
  return reply
    .code(422)
    .send({ errors: userErrors.map(({ code, ...error }) => ({ ...error, extensions: { code, requestId: request.id } })) })
}

export function registerConsoleSession(server: FastifyInstance, services: Services, cookie: Cookie): void {
  /** Null without a valid session. @throws RequestError for every other reason, such as an outage of the database */
  const findSession = (request: FastifyRequest, reply: FastifyReply): Promise<Context | null> =>
    createSessionContext(services, cookie, request, reply).catch((error: unknown) => {
      if (error instanceof RequestError && error.code === 'UNAUTHENTICATED') return null
      throw error
    })
  const noStore = (reply: FastifyReply): FastifyReply => reply.header('cache-control', 'no-store')
  const config = { cors: false } as const
  const onRequest = async (request: FastifyRequest): Promise<void> => assertSameOrigin(request)

  server.post(path, { config, onRequest }, async (request, reply) => {
    const sessionKey = generateSessionKey()
    try {
      const jwt = await openSession(anonymousContext(services, request), request.body, sessionKey)
      return await noStore(reply).header('set-cookie', setSessionCookie(cookie, jwt)).send({ sessionKey })
    } catch (error) {
      if (error instanceof DomainError) return sendRefusal(request, noStore(reply), error)
      throw error
    }
  })

  server.get(path, { config }, async (request, reply) => {
    const session = await findSession(request, reply)
    return noStore(reply).send(session ? { expiresAt: session.actor.expiresAt, url: services.config.url, version } : { ways })
  })

  server.delete(path, { config, onRequest }, async (request, reply) => {
    const session = await findSession(request, reply)
    const id = session?.actor.personalToken?.id
    if (session && id !== undefined) await revokePersonalToken(session, { id })
    return noStore(reply).header('set-cookie', setSessionCookie(cookie, undefined)).code(204).send()
  })
}
