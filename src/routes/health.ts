/** Liveness (/healthz) and readiness (/readyz). */
import type { FastifyInstance } from 'fastify'

import type { Services } from '../context/services.js'
import { countCurrentKeys } from '../database/queries/signing-keys.js'
import type { Drain } from '../http/drain.js'
import { errorBody } from '../http/error-response.js'

const options = { config: { isProbe: true } } as const

export function registerHealth(server: FastifyInstance, services: Services, drain: Drain): void {
  server.get('/healthz', options, () => ({ status: 'ok' }))
  server.get('/readyz', options, async (request, reply) => {
    if (drain.hasBegun) {
      request.state.codes = ['UNAVAILABLE']
      return reply
        .code(503)
        .send(errorBody({ code: 'UNAVAILABLE', message: 'The process is shutting down. Send requests to another replica.' }, request.id))
    }
    // Proves that the database answers and is migrated. Throws 503 when the database is unavailable.
    const row = await services.queryRunner.read(countCurrentKeys, [])
    const isReady = Number(row?.['count']) === 1
    return reply.code(isReady ? 200 : 503).send({ status: isReady ? 'ready' : 'no signing key' })
  })
}
