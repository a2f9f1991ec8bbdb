/** Which pages of other origins may call: those configured, for GraphQL alone. No cookies are involved, so none are allowed. */
import type { FastifyInstance } from 'fastify'

import type { Config } from '../config.js'

const exposed = 'x-request-id, retry-after, ratelimit, ratelimit-policy, www-authenticate'

export function serveCors(server: FastifyInstance, { corsOrigins }: Config): void {
  const isAllowed = (origin: string | undefined): origin is string => origin !== undefined && corsOrigins.includes(origin)

  server.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers
    void reply.header('vary', 'origin')
    if (isAllowed(origin)) void reply.headers({ 'access-control-allow-origin': origin, 'access-control-expose-headers': exposed })
    done()
  })
  server.options('/graphql', (request, reply) => {
    if (isAllowed(request.headers.origin)) {
      void reply.headers({
        'access-control-allow-methods': 'GET, POST, OPTIONS',
        'access-control-allow-headers': 'authorization, content-type, x-on-behalf-of, apollo-require-preflight, x-apollo-operation-name',
        'access-control-max-age': '600',
      })
      if (request.headers['access-control-request-private-network']) void reply.header('access-control-allow-private-network', 'true')
    }
    return reply.header('allow', 'GET, POST, OPTIONS').code(204).send()
  })
}
