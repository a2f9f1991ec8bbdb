/** Creates the HTTP server without routes: connection limits, one log line a request, errors as JSON. */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'

import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'

import type { Services } from '../context/services.js'
import { RequestError } from '../lib/errors.js'
import { newId } from '../lib/id.js'
import type { Traces } from '../observability/traces.js'
import { clientAddress } from './client-address.js'
import { Connections } from './connections.js'
import { Drain } from './drain.js'
import {
  errorBody,
  isClientAbort,
  maxBodyBytes,
  toErrorResponse,
  rejectExpectation,
  writeErrorToSocket,
  toParserError,
} from './error-response.js'
import { registerJsonParser } from './json-body.js'
import { rawHeaderValues } from './raw-headers.js'
import { registerRequestSpans } from './request-spans.js'
import type { RequestState } from './request-state.js'
import type { HttpTimeouts } from './timeouts.js'

/** Returns the Fastify instance, and the drain that the readiness route reads. */
export function createHttpServer(
  services: Services,
  times: HttpTimeouts,
  traces: Traces | undefined,
): { readonly server: FastifyInstance; readonly drain: Drain } {
  const { config, log } = services
  const newRequestId = (): string => newId('req', services.clock())
  const handleError = createErrorHandler(services)
  const handleClientError = (error: NodeJS.ErrnoException, socket: Socket): void => {
    if (error.code === 'ECONNRESET') {
      socket.destroy()
      return
    }
    const response = toParserError(error)
    const requestId = newRequestId()
    services.metrics.observeRequest({ route: null, operation: undefined, codes: [response.code], seconds: undefined })
    log.info({ requestId, status: response.status, ip: socket.remoteAddress, codes: [response.code] }, 'request')
    writeErrorToSocket(socket, response, requestId)
  }
  const server = fastify({
    bodyLimit: maxBodyBytes,
    requestTimeout: times.requestTimeoutMs,
    keepAliveTimeout: times.keepAliveTimeoutMs,
    http: { headersTimeout: times.headersTimeoutMs, connectionsCheckingInterval: times.checkIntervalMs, requireHostHeader: false },
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
    genReqId: newRequestId,
    forceCloseConnections: 'idle',
    // Off: it limits close hooks too, and a drain of 10 s or more would end in an error. main.ts has the limit of a shutdown.
    pluginTimeout: 0,
    // Requests that arrive during the drain are answered; their connection then closes.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      initializeRequest(request, reply)
      handleError(error, request, reply)
      logRequest(services, request, reply.statusCode)
    },
    clientErrorHandler: handleClientError,
  })
  const connections = new Connections(services.maxConnections)
  const listenOn = (listener: Server): void => {
    listener.on('checkExpectation', (request, response) => rejectExpectation(request, response, newRequestId()))
    listener.on('connect', (_request, socket) => writeErrorToSocket(socket as Socket, toParserError(new Error()), newRequestId()))
    connections.watch(listener)
  }
  listenOn(server.server)
  server.addHook('onListen', (done) => {
    for (const listener of secondaryListeners(server)) listenOn(listener.on('clientError', handleClientError))
    done()
  })
  services.metrics.gauge('keyhouse_connections', 'Inbound connections.', [], () => [[[], connections.size]])
  server.decorateRequest('state')
  // Registered before all other preClose hooks: they must not run until the drain has ended.
  const drain = new Drain(server, connections, config, times)
  registerJsonParser(server)
  server.addHook('onRequest', (request, reply, done) => {
    initializeRequest(request, reply)
    done()
  })
  if (traces) registerRequestSpans(server, traces)
  server.addHook('onRequest', (request, reply, done) => {
    const untrack = drain.track(reply.raw)
    const markIdle = connections.track(reply.raw)
    // Fastify reports a client disconnect only while the request arrives, not while the response is produced.
    reply.raw.once('close', () => {
      untrack()
      markIdle()
      if (reply.raw.writableFinished) return
      request.state.deadline?.clientClosed()
      // 499: nginx's status for a client that closed the connection.
      logRequest(services, request, 499)
    })
    done(validateHost(request))
  })
  server.addHook('onSend', (request, reply, _payload, done) => {
    recordRequest(request.state, reply.statusCode)
    done()
  })
  server.addHook('onResponse', (request, reply, done) => {
    logRequest(services, request, reply.statusCode, reply.elapsedTime)
    done()
  })
  server.setErrorHandler(handleError)
  server.setNotFoundHandler((request, reply) => {
    const isGraphql = request.url.split('?', 1)[0] === '/graphql'
    if (isGraphql) void reply.header('allow', 'GET, POST, OPTIONS')
    const message = isGraphql
      ? 'This method is not allowed on /graphql. Use GET or POST.'
      : 'This path does not exist. GraphQL is at /graphql.'
    request.state.codes = ['BAD_REQUEST']
    void reply
      .code(isGraphql ? 405 : 404)
      .header('cache-control', 'no-store')
      .send(errorBody({ code: 'BAD_REQUEST', message }, request.id))
  })
  return { server, drain }
}

function initializeRequest(request: FastifyRequest, reply: FastifyReply): void {
  request.state = {}
  void reply.headers({ 'x-request-id': request.id, 'x-content-type-options': 'nosniff' })
}

/** Listeners that Fastify opens for every address of `localhost` but the first. Fastify has no public API for them. */
function secondaryListeners(server: FastifyInstance): readonly Server[] {
  const key = Object.getOwnPropertySymbols(server).find(({ description }) => description === 'fastify.serverBindings')
  return key ? (Reflect.get(server, key) as Server[]) : []
}

/** Requires exactly one Host header (RFC 9112 §3.2): a proxy may have routed by another one (request smuggling). */
function validateHost({ raw }: FastifyRequest): RequestError | undefined {
  const count = rawHeaderValues(raw, 'host').length
  if (count === 1 || (count === 0 && raw.httpVersion === '1.0')) return undefined
  return new RequestError('BAD_REQUEST', 'The request must have exactly one Host header.')
}

const createErrorHandler =
  ({ log }: Services) =>
  (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const response = toErrorResponse(error)
    if (response.code === 'UNAVAILABLE') log.warn({ err: error, requestId: request.id }, 'database unavailable')
    else if (response.status >= 500) log.error({ err: error, requestId: request.id }, 'request failed')
    request.state.codes = [response.code]
    // The rest of the body stays unread, so the connection cannot be reused.
    if (response.code === 'PAYLOAD_TOO_LARGE' || isClientAbort(error)) void reply.header('connection', 'close')
    void reply
      .code(response.status)
      .headers({
        'cache-control': 'no-store',
        'content-type': request.state.type ?? 'application/json; charset=utf-8',
        ...response.headers,
      })
      .send(errorBody(response, request.id))
  }

/** Records usage of a request without an operation: it was refused before one, or asked for introspection only. */
function recordRequest({ context, codes }: RequestState, status: number): void {
  // After a timeout the operation continues. It is recorded when it ends.
  if (!context || context.isUsageRecorded || codes?.includes('REQUEST_TIMEOUT')) return
  context.recordUsage(null, codes !== undefined && status < 500)
}

function logRequest({ log, metrics }: Services, request: FastifyRequest, status: number, elapsed?: number): void {
  const { operation, context, codes, traceId } = request.state
  const route = request.routeOptions.url ?? null
  metrics.observeRequest({ route, operation, codes, seconds: elapsed === undefined ? undefined : elapsed / 1000 })
  log[request.routeOptions.config.isProbe ? 'debug' : 'info'](
    {
      requestId: request.id,
      method: request.method,
      path: route,
      status,
      ms: elapsed === undefined ? undefined : Math.round(elapsed * 10) / 10,
      ip: clientAddress(request),
      operation,
      actorId: context && (context.actorOrNull?.id ?? null),
      codes,
      // Spelled as in OpenTelemetry's trace context for non-OTLP logs.
      trace_id: traceId,
    },
    'request',
  )
}
