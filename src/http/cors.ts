/** CORS for GraphQL and the gateway: configured origins only, without credentials, since no cookies are used. */
import type { FastifyInstance } from 'fastify'

import type { Config } from '../config/config.js'

const exposedHeaders = 'x-request-id, retry-after, ratelimit, ratelimit-policy, www-authenticate, mcp-session-id, mcp-protocol-version'

/** W3C Trace Context: instrumented pages send these with every request. */
const traceContext = 'traceparent, tracestate'

interface Route {
  readonly url: string
  readonly methods: string
  readonly headers: string
}

const routes: readonly Route[] = [
  {
    url: '/graphql',
    methods: 'GET, POST, OPTIONS',
    headers: `authorization, content-type, x-on-behalf-of, apollo-require-preflight, x-apollo-operation-name, apollographql-client-name, apollographql-client-version, ${traceContext}`,
  },
  {
    url: '/mcp/:serverId',
    methods: 'GET, POST, DELETE, OPTIONS',
    headers: `authorization, content-type, x-on-behalf-of, last-event-id, mcp-session-id, mcp-protocol-version, mcp-method, mcp-name, ${traceContext}`,
  },
]

export function registerCors(server: FastifyInstance, { corsOrigins }: Config): void {
  const isAllowed = (origin: string | undefined): origin is string => origin !== undefined && corsOrigins.includes(origin)

  server.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers
    void reply.header('vary', 'origin')
    if (isAllowed(origin)) void reply.headers({ 'access-control-allow-origin': origin, 'access-control-expose-headers': exposedHeaders })
    done()
  })
  for (const { url, methods, headers } of routes) {
    server.options(url, (request, reply) => {
      if (isAllowed(request.headers.origin)) {
        void reply.headers({
          'access-control-allow-methods': methods,
          'access-control-allow-headers': headers,
          'access-control-max-age': '600',
        })
        if (request.headers['access-control-request-private-network']) void reply.header('access-control-allow-private-network', 'true')
      }
      return reply.header('allow', methods).code(204).send()
    })
  }
}
