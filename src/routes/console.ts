/** Serves the console: its page for every screen, its files, and the redirect of a browser that opens the server's root. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import type { Services } from '../context/services.js'
import { sessionCookie } from '../http/session-cookie.js'
import { openStaticFiles } from '../http/static-files.js'
import { registerConsoleSession } from './console-session.js'

/** Output of console/build.js. The path is the same from src and from dist. */
const bundle = new URL('../../dist/console/', import.meta.url)

const noScript = [`default-src 'none'`, `base-uri 'none'`, `form-action 'none'`, `frame-ancestors 'none'`]

/** Neither inline code nor HTML from strings: a script of somebody else in this page could act for an ADMIN. */
const contentSecurityPolicy = [
  ...noScript,
  `script-src 'self'`,
  `style-src 'self'`,
  `connect-src 'self'`,
  `img-src 'self' data:`,
  `require-trusted-types-for 'script'`,
  `trusted-types 'none'`,
].join('; ')

const needsHttps = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>Keyhouse</title>
    <link rel="icon" href="data:," />
  </head>
  <body>
    <p>The console needs https</p>
  </body>
</html>
`

/** A browser's navigation. Programs accept JSON. */
const isNavigation = ({ headers }: FastifyRequest): boolean => headers.accept?.includes('text/html') ?? false

export function registerConsole(server: FastifyInstance, services: Services, folder = bundle): void {
  const { config } = services
  if (!config.console) return
  const get = (path: string, handler: (request: FastifyRequest, reply: FastifyReply) => unknown): void =>
    void server.get(path, { config: { cors: false } }, handler)
  get('/', (request, reply) => (isNavigation(request) ? reply.redirect('/console/', 302) : reply.callNotFound()))
  // A redirect keeps the fragment (RFC 9110 §10.2.2), which holds the token of a sign-in link.
  get('/console', (_request, reply) => reply.redirect('/console/', 302))
  const cookie = sessionCookie(config.url)
  if (!cookie) {
    get('/console/*', (_request, reply) =>
      reply
        .code(403)
        .headers({ 'content-security-policy': [...noScript, 'img-src data:'].join('; '), 'cache-control': 'no-store' })
        .type('text/html; charset=utf-8')
        .send(needsHttps),
    )
    return
  }
  registerConsoleSession(server, services, cookie)
  const files = openStaticFiles({
    folder,
    headers: { 'content-security-policy': contentSecurityPolicy },
    pageCaching: 'no-store',
  })
  get('/console/*', (request, reply) => {
    const file = (request.params as { '*': string })['*']
    if (files.has(file)) return files.send(request, reply, file)
    // Screens have their state in the path. A missing script is a 404: as a page it would be a syntax error.
    const isScreen = (file === '' || isNavigation(request)) && files.has('index.html')
    return isScreen ? files.send(request, reply, 'index.html') : reply.callNotFound()
  })
}
