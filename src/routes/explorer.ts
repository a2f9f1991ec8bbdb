/** GraphiQL at /explorer, from our own bundle: nothing is loaded from elsewhere, so it works where nothing else can be reached. */
import { createReadStream, existsSync, readdirSync } from 'node:fs'
import { extname } from 'node:path'

import type { FastifyInstance, FastifyReply } from 'fastify'

import type { Config } from '../config/config.js'

/** Built by explorer/build.js; the same place for the compiled server and for its sources. */
const folder = new URL('../../dist/explorer/', import.meta.url)

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.ttf': 'font/ttf',
}

/** The editor sets styles at run time and carries small fonts in its style sheet; scripts and connections are ours alone. */
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

/** Names with a digest of their content never change it. */
const isDigested = (file: string): boolean => /-[0-9A-Z]{8}\.\w+$/.test(file)

const send = (reply: FastifyReply, file: string): FastifyReply =>
  reply
    .headers({ ...headers, 'cache-control': isDigested(file) ? 'public, max-age=31536000, immutable' : 'no-cache' })
    .type(types[extname(file)] ?? 'application/octet-stream')
    .send(createReadStream(new URL(file, folder)))

export function registerExplorer(server: FastifyInstance, { explorer }: Config): void {
  if (explorer === 'off') return
  // Read once: a path is one of these names or it is nothing, so none can lead out of the folder. Sources may run unbuilt.
  const files = new Set(existsSync(folder) ? readdirSync(folder).filter((file) => extname(file) in types) : [])
  const serve = (file: string, reply: FastifyReply): unknown => (files.has(file) ? send(reply, file) : reply.callNotFound())

  for (const path of ['/explorer', '/explorer/']) server.get(path, (_request, reply) => serve('index.html', reply))
  server.get<{ Params: { file: string } }>('/explorer/:file', (request, reply) => serve(request.params.file, reply))
  if (explorer === 'graphiql') {
    server.addHook('onRequest', (request, reply, done) => {
      // A person with a browser; programs ask for JSON, and a query in the URL is answered.
      const isPage = request.method === 'GET' && request.url === '/graphql' && request.headers.accept?.includes('text/html')
      if (isPage) void reply.redirect('/explorer', 302)
      else done()
    })
  }
}
