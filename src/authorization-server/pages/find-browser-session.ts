/** The end user of a request to a page, by the session cookie of the place. */
import type { FastifyRequest } from 'fastify'

import type { Context } from '../../context/context.js'
import type { Services } from '../../context/services.js'
import { readCookie } from '../../http/cookie.js'
import { actorContext } from '../../http/create-context.js'
import type { Place } from '../../oauth/configurations/active-configuration.js'
import { PageError } from '../../oauth/page-error.js'
import { findEndUserSession, sessionActor, type EndUserSession } from '../../oauth/sign-in/browser-session.js'
import { placeCookie } from './browser-cookies.js'

const isSamePlace = (a: Place, b: Place): boolean =>
  a.organizationId === b.organizationId && a.projectId === b.projectId && a.environment === b.environment

/** A valid session with the context to act by. Its actor holds what the key of the configuration holds. */
export interface BrowserSessionContext extends EndUserSession {
  readonly ctx: Context
}

/** Null: the end user must sign in. @throws PageError HTTPS_REQUIRED */
export async function findBrowserSession(services: Services, request: FastifyRequest, place: Place): Promise<BrowserSessionContext | null> {
  const text = readCookie(placeCookie(services, place), request.raw)
  const session = text === undefined ? null : await openBrowserSession(services, request, text)
  return session && isSamePlace(session, place) ? session : null
}

/** A session of any place, by the value of its cookie. */
export async function openBrowserSession(services: Services, request: FastifyRequest, text: string): Promise<BrowserSessionContext | null> {
  const session = await findEndUserSession(services, text)
  if (!session) return null
  const ctx = actorContext(services, request, sessionActor(session, services.clock()), async () => {
    const current = await findEndUserSession(services, text)
    if (!current) throw new PageError('SESSION_ENDED')
    return sessionActor(current, services.clock())
  })
  return { ...session, ctx }
}
