/**
 * Starts a span for every request (OpenTelemetry semantic conventions for HTTP and GraphQL). Spans carry the route pattern and
 * schema names, never the URL or the client's operation name: these may hold a secret.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'

import type { Traces } from '../observability/traces.js'

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'])

type Attributes = Record<string, string | number | string[]>

const requestAttributes = (request: FastifyRequest, method: string, route: string | undefined): Attributes => ({
  'http.request.method': method,
  'url.scheme': request.protocol === 'https' ? 'https' : 'http',
  'url.path': route ?? '/REDACTED',
  ...(route === undefined ? {} : { 'http.route': route }),
  'keyhouse.request_id': request.id,
})

/** The same values as in the request log. */
function resultAttributes(request: FastifyRequest): Attributes {
  const { operation, codes } = request.state
  const [type = ''] = operation?.split(' ') ?? []
  return {
    ...(operation === undefined ? {} : { 'keyhouse.operation': operation }),
    ...(['query', 'mutation'].includes(type) ? { 'graphql.operation.type': type } : {}),
    ...(codes === undefined || codes.length === 0 ? {} : { 'keyhouse.codes': [...codes] }),
  }
}

export function registerRequestSpans(server: FastifyInstance, traces: Traces): void {
  server.addHook('onRequest', (request, reply, done) => {
    const { url: route, config } = request.routeOptions
    if (config.isProbe) return done()
    const method = methods.has(request.method) ? request.method : '_OTHER'
    const name = [method === '_OTHER' ? 'HTTP' : method, route].filter(Boolean).join(' ')
    const span = traces.startRequestSpan(
      name,
      requestAttributes(request, method, route),
      request.headers['traceparent'] as string | undefined,
    )
    request.state.traceId = span.spanContext().traceId
    reply.raw.once('close', () => {
      const status = reply.raw.statusCode
      span.setAttributes(resultAttributes(request))
      // A client that disconnected received no status.
      if (reply.raw.headersSent) span.setAttribute('http.response.status_code', status)
      if (reply.raw.headersSent && status >= 500) traces.markError(span, request.state.codes?.[0] ?? String(status))
      span.end()
    })
    // Fastify keeps this async context while the body arrives.
    traces.runInSpan(span, done)
  })
}
