/** Page that signs the end user out of this browser: every session of every place in it. */
import type { IncomingMessage } from 'node:http'

import type { FastifyInstance } from 'fastify'

import type { Services } from '../../context/services.js'
import { Environment } from '../../entities/enums.js'
import { setCookie, type Cookie } from '../../http/cookie.js'
import { rawHeaderValues } from '../../http/raw-headers.js'
import { assertSameOrigin } from '../../http/same-origin.js'
import { signOutEndUser } from '../../oauth/sign-in/sign-out-end-user.js'
import { registerFormParser } from '../form.js'
import { placeCookie } from './browser-cookies.js'
import { registerPages } from './error-page.js'
import { openBrowserSession } from './find-browser-session.js'
import { html } from './html.js'
import { sendPage } from './page.js'

const path = '/oauth/sign-out'

/** Sessions of one request: each costs a look-up. */
const maxSessions = 20

/** Cookies whose name has the form of a session's, and their values. */
function presentedCookies(services: Services, request: IncomingMessage): (readonly [cookie: Cookie, value: string])[] {
  const pairs = rawHeaderValues(request, 'cookie').flatMap((header) => header.split(';'))
  const cookies = pairs.flatMap((pair) => {
    const [name, value = ''] = pair.trim().split('=')
    const projectId = /prj_[0-9a-f]{32}/.exec(name ?? '')?.[0]
    if (projectId === undefined) return []
    return Object.values(Environment)
      .map((environment) => placeCookie(services, { projectId, environment }))
      .flatMap((cookie) => (cookie.name === name ? [[cookie, value] as const] : []))
  })
  return cookies.slice(0, maxSessions)
}

export function registerSignOut(server: FastifyInstance, services: Services): void {
  registerPages(server, services, (scope) => {
    registerFormParser(scope)

    scope.get(path, (_request, reply) =>
      sendPage(reply, {
        title: 'Sign out',
        body: html`<p>This signs you out in this browser. Applications that you connected stay connected.</p>
          <form method="post" action="${path}"><button class="primary">Sign out</button></form>`,
        formAction: [`'self'`],
      }),
    )

    scope.post(path, { onRequest: async (request) => assertSameOrigin(request) }, async (request, reply) => {
      const cookies = presentedCookies(services, request.raw)
      for (const [, value] of cookies) {
        const session = await openBrowserSession(services, request, value)
        if (session) await signOutEndUser(session.ctx, session)
      }
      void reply.header(
        'set-cookie',
        cookies.map(([cookie]) => setCookie(cookie, undefined, 0)),
      )
      return sendPage(reply, {
        title: 'You are signed out',
        body: html`<p>
          You may still be signed in at the service that you signed in with. On a device that others use, sign out there, too.
        </p>`,
      })
    })
  })
}
