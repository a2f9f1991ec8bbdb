/** Whether the process lives, and whether it can serve, and goes on to. */
import type { FastifyInstance } from 'fastify'

import type { Services } from '../context/services.js'
import type { Drain } from '../http/drain.js'
import { errorBody } from '../http/error-response.js'

const anyKey = { name: 'readiness', sql: `select count(*) as count from signing_key where state = 'CURRENT'` }

export function registerHealth(server: FastifyInstance, app: Services, drain: Drain): void {
  server.get('/healthz', () => ({ status: 'ok' }))
  server.get('/readyz', async (request, reply) => {
    if (drain.hasBegun) {
      request.state.codes = ['UNAVAILABLE']
      return reply.code(503).send(errorBody({ code: 'UNAVAILABLE', message: 'This process is ending: ask another.' }, request.id))
    }
    // It reads a migrated table, so it proves both; it throws 503 when the database is away.
    const row = await app.queryRunner.read(anyKey, [])
    const isReady = Number(row?.['count']) === 1
    return reply.code(isReady ? 200 : 503).send({ status: isReady ? 'ready' : 'no signing key' })
  })
}
