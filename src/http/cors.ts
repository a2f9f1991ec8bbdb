/** CORS for GraphQL and the gateway: configured origins only, without credentials, since no cookies are used. */
import cors from '@fastify/cors'
import type { FastifyInstance } from 'fastify'

import type { Config } from '../config/config.js'

const exposedHeaders = 'x-request-id, retry-after, ratelimit, ratelimit-policy, www-authenticate, mcp-session-id, mcp-protocol-version'

/** W3C Trace Context: instrumented pages send these with every request. */
const traceContext = 'traceparent, tracestate'

interface Route {
  readonly url: string
  readonly methods: string
  readonly allowedHeaders: string
  /** Every origin: a public document, or an endpoint that reads no cookie. Otherwise the configured ones. */
  readonly origin?: '*'
}

/** Path of an issuer of access tokens. */
const issuer = '/o/:organizationId/:environment'

/** MCP clients in a page send `MCP-Protocol-Version` with each request, which needs a preflight. */
const publicDocuments = [
  `/.well-known/oauth-authorization-server${issuer}`,
  `/.well-known/openid-configuration${issuer}`,
  `${issuer}/.well-known/openid-configuration`,
  '/.well-known/oauth-protected-resource/mcp/:serverId',
]

const routes: readonly Route[] = [
  {
    url: '/graphql',
    methods: 'GET, POST, OPTIONS',
    allowedHeaders: `authorization, content-type, x-on-behalf-of, apollo-require-preflight, x-apollo-operation-name, apollographql-client-name, apollographql-client-version, ${traceContext}`,
  },
  {
    url: '/mcp/:serverId',
    methods: 'GET, POST, DELETE, OPTIONS',
    allowedHeaders: `authorization, content-type, x-on-behalf-of, last-event-id, mcp-session-id, mcp-protocol-version, mcp-method, mcp-name, ${traceContext}`,
  },
  ...publicDocuments.map((url) => ({ url, methods: 'GET, OPTIONS', allowedHeaders: 'mcp-protocol-version', origin: '*' }) as const),
  ...['token', 'register'].map(
    (name) =>
      ({
        url: `${issuer}/oauth/${name}`,
        methods: 'POST, OPTIONS',
        allowedHeaders: 'authorization, content-type, mcp-protocol-version',
        origin: '*',
      }) as const,
  ),
]

export async function registerCors(server: FastifyInstance, { corsOrigins }: Config): Promise<void> {
  await server.register(cors, {
    origin: (origin, done) => done(null, origin !== undefined && corsOrigins.includes(origin)),
    exposedHeaders,
    maxAge: 600,
    // Only the routes below answer preflights; OPTIONS of another path is a 404.
    preflight: false,
    strictPreflight: false,
    preflightContinue: true,
  })
  for (const { url, methods, allowedHeaders, origin } of routes) {
    server.options(url, { config: { cors: { preflight: true, methods, allowedHeaders, ...(origin && { origin }) } } }, (request, reply) => {
      // The plugin has no option for private networks.
      if (reply.hasHeader('access-control-allow-origin') && request.headers['access-control-request-private-network'])
        void reply.header('access-control-allow-private-network', 'true')
      return reply.header('allow', methods).code(204).send()
    })
  }
}
