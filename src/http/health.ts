/** Whether the process lives, and whether it can serve. */
import type { FastifyInstance } from 'fastify'

import type { Services } from '../context.js'

const anyKey = { name: 'readiness', sql: `select count(*) as count from signing_key where state = 'CURRENT'` }

export function serveHealth(server: FastifyInstance, app: Services): void {
  server.get('/healthz', () => ({ status: 'ok' }))
  server.get('/readyz', async (_request, reply) => {
    // It reads a migrated table, so it proves both; it throws 503 when the database is away.
    const row = await app.journal.read(anyKey, [])
    const isReady = Number(row?.['count']) === 1
    return reply.code(isReady ? 200 : 503).send({ status: isReady ? 'ready' : 'no signing key' })
  })
}
