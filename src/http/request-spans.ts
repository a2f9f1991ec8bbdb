/**
 * A span for every request, by the semantic conventions of OpenTelemetry for HTTP and GraphQL. The path is told as the route
 * that is written in the code, and the operation in words of the schema: what a caller sent in their place may be a secret.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'

import type { Traces } from '../observability/traces.js'

/** Asked every few seconds by machines. */
const untracedRoutes = new Set(['/healthz', '/readyz', '/metrics'])

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'])

type Attributes = Record<string, string | number | string[]>

const requestAttributes = (request: FastifyRequest, method: string, route: string | undefined): Attributes => ({
  'http.request.method': method,
  'url.scheme': request.protocol === 'https' ? 'https' : 'http',
  'url.path': route ?? '/REDACTED',
  ...(route === undefined ? {} : { 'http.route': route }),
  'keyhouse.request_id': request.id,
})

/** In the words of the request log. */
function resultAttributes(request: FastifyRequest): Attributes {
  const { operation, codes } = request.story
  const [type = ''] = operation?.split(' ') ?? []
  return {
    ...(operation === undefined ? {} : { 'keyhouse.operation': operation }),
    ...(['query', 'mutation'].includes(type) ? { 'graphql.operation.type': type } : {}),
    ...(codes === undefined || codes.length === 0 ? {} : { 'keyhouse.codes': [...codes] }),
  }
}

export function registerRequestSpans(server: FastifyInstance, traces: Traces): void {
  server.addHook('onRequest', (request, reply, done) => {
    const route = request.routeOptions.url
    if (route !== undefined && untracedRoutes.has(route)) return done()
    const method = methods.has(request.method) ? request.method : '_OTHER'
    const name = [method === '_OTHER' ? 'HTTP' : method, route].filter(Boolean).join(' ')
    const span = traces.startRequestSpan(
      name,
      requestAttributes(request, method, route),
      request.headers['traceparent'] as string | undefined,
    )
    request.story.traceId = span.spanContext().traceId
    reply.raw.once('close', () => {
      const status = reply.raw.statusCode
      span.setAttributes(resultAttributes(request))
      // A client that left was told no status.
      if (reply.raw.headersSent) span.setAttribute('http.response.status_code', status)
      if (reply.raw.headersSent && status >= 500) traces.markError(span, request.story.codes?.[0] ?? String(status))
      span.end()
    })
    // Fastify keeps to it through the arrival of the body.
    traces.runInSpan(span, done)
  })
}
