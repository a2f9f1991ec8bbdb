/** Serves the bundled GraphiQL at /explorer. It loads nothing from other origins, so it works offline. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import type { Config } from '../config/config.js'
import { openStaticFiles } from '../http/static-files.js'

/** Output of explorer/build.js. The path is the same from src and from dist. */
const folder = new URL('../../dist/explorer/', import.meta.url)

/** Monaco needs inline styles and data: fonts. Scripts and connections are limited to this origin. */
const contentSecurityPolicy = [
  `default-src 'none'`,
  `script-src 'self'`,
  `worker-src 'self'`,
  `connect-src 'self'`,
  `style-src 'self' 'unsafe-inline'`,
  `font-src 'self' data:`,
  `img-src 'self' data:`,
  `base-uri 'none'`,
  `form-action 'none'`,
  `frame-ancestors 'none'`,
].join('; ')

export function registerExplorer(server: FastifyInstance, { explorer }: Config): void {
  if (explorer === 'off') return
  const files = openStaticFiles({ folder, headers: { 'content-security-policy': contentSecurityPolicy }, pageCaching: 'no-cache' })
  const serve = (request: FastifyRequest, reply: FastifyReply, file: string): unknown =>
    files.has(file) ? files.send(request, reply, file) : reply.callNotFound()

  for (const path of ['/explorer', '/explorer/']) server.get(path, (request, reply) => serve(request, reply, 'index.html'))
  server.get<{ Params: { file: string } }>('/explorer/:file', (request, reply) => serve(request, reply, request.params.file))
  if (explorer === 'graphiql') {
    server.addHook('onRequest', (request, reply, done) => {
      // A browser's navigation. Programs accept JSON, and a GET with a query string is executed.
      const isPage = request.method === 'GET' && request.url === '/graphql' && request.headers.accept?.includes('text/html')
      if (isPage) void reply.redirect('/explorer', 302)
      else done()
    })
  }
}
