/** Serves the packed TypeScript client that fits this server at /client/keyhouse-client-{version}.tgz. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'

import type { FastifyInstance } from 'fastify'

import type { Config } from '../config/config.js'

/** Output of tools/build.js. The path is the same from src and from dist. */
const folder = new URL('../../dist/client/', import.meta.url)

export function registerClientPackage(server: FastifyInstance, { introspection }: Config): void {
  // The client tells the schema, as introspection does.
  if (!introspection) return
  // One file, or none when the client has not been built.
  const [name] = existsSync(folder) ? readdirSync(folder) : []
  if (name === undefined) return
  // Read once: the file belongs to this process, also after a build has replaced it.
  const bytes = readFileSync(new URL(name, folder))
  // The version can change with an upgrade, so nothing may cache the redirect.
  server.get('/client.tgz', (_request, reply) => reply.header('cache-control', 'no-store').redirect(`/client/${name}`, 302))
  server.get(`/client/${name}`, (_request, reply) =>
    reply
      .headers({ 'cache-control': 'public, max-age=31536000, immutable', 'x-content-type-options': 'nosniff' })
      .type('application/gzip')
      .send(bytes),
  )
}
