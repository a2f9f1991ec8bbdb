/** Serves the bundled GraphiQL at /explorer. It loads nothing from other origins, so it works offline. */
import { createReadStream, existsSync, readdirSync } from 'node:fs'
import { extname } from 'node:path'

import type { FastifyInstance, FastifyReply } from 'fastify'

import type { Config } from '../config/config.js'

/** Output of explorer/build.js. The path is the same from src and from dist. */
const folder = new URL('../../dist/explorer/', import.meta.url)

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.ttf': 'font/ttf',
}

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

const headers = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
}

/** The name contains a digest of the content, so the file is immutable. */
const isDigested = (file: string): boolean => /-[0-9A-Z]{8}\.\w+$/.test(file)

const send = (reply: FastifyReply, file: string): FastifyReply =>
  reply
    .headers({ ...headers, 'cache-control': isDigested(file) ? 'public, max-age=31536000, immutable' : 'no-cache' })
    .type(contentTypes[extname(file)] ?? 'application/octet-stream')
    .send(createReadStream(new URL(file, folder)))

export function registerExplorer(server: FastifyInstance, { explorer }: Config): void {
  if (explorer === 'off') return
  // An allow-list of file names, which prevents path traversal. Empty when the bundle has not been built.
  const files = new Set(existsSync(folder) ? readdirSync(folder).filter((file) => extname(file) in contentTypes) : [])
  const serve = (file: string, reply: FastifyReply): unknown => (files.has(file) ? send(reply, file) : reply.callNotFound())

  for (const path of ['/explorer', '/explorer/']) server.get(path, (_request, reply) => serve('index.html', reply))
  server.get<{ Params: { file: string } }>('/explorer/:file', (request, reply) => serve(request.params.file, reply))
  if (explorer === 'graphiql') {
    server.addHook('onRequest', (request, reply, done) => {
      // A browser's navigation. Programs accept JSON, and a GET with a query string is executed.
      const isPage = request.method === 'GET' && request.url === '/graphql' && request.headers.accept?.includes('text/html')
      if (isPage) void reply.redirect('/explorer', 302)
      else done()
    })
  }
}
