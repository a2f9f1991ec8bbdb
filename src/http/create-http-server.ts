/** The HTTP server without its routes: limits of connections, one log line a request, errors as JSON. */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'

import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'

import type { Services } from '../context/services.js'
import { RequestError } from '../lib/errors.js'
import { newId } from '../lib/id.js'
import type { Traces } from '../observability/traces.js'
import { clientAddress } from './client-address.js'
import { Connections } from './connections.js'
import { registerCors } from './cors.js'
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
import type { HttpTimeouts } from './timeouts.js'

/** The instance without routes, and its drain, which readiness asks about. */
export function createHttpServer(
  app: Services,
  times: HttpTimeouts,
  traces: Traces | undefined,
): { readonly server: FastifyInstance; readonly drain: Drain } {
  const { config, log } = app
  const newRequestId = (): string => newId('req', app.clock())
  const refuse = createErrorHandler(app)
  const refuseUnreadable = (error: NodeJS.ErrnoException, socket: Socket): void => {
    if (error.code === 'ECONNRESET') {
      socket.destroy()
      return
    }
    const refusal = toParserError(error)
    const requestId = newRequestId()
    app.metrics.observeRequest({ route: null, operation: undefined, codes: [refusal.code], seconds: undefined })
    log.info({ requestId, status: refusal.status, ip: socket.remoteAddress, codes: [refusal.code] }, 'request')
    writeErrorToSocket(socket, refusal, requestId)
  }
  const server = fastify({
    bodyLimit: maxBodyBytes,
    requestTimeout: times.requestTimeoutMs,
    keepAliveTimeout: times.keepAliveTimeoutMs,
    http: { headersTimeout: times.headersTimeoutMs, connectionsCheckingInterval: times.checkIntervalMs, requireHostHeader: false },
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
    genReqId: newRequestId,
    forceCloseConnections: 'idle',
    // What still arrives while the server drains is answered, on a connection that then closes.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      begin(request, reply)
      refuse(error, request, reply)
      logRequest(app, request, reply.statusCode)
    },
    clientErrorHandler: refuseUnreadable,
  })
  const connections = new Connections(app.maxConnections)
  const listenOn = (listener: Server): void => {
    listener.on('checkExpectation', (request, response) => rejectExpectation(request, response, newRequestId()))
    listener.on('connect', (_request, socket) => writeErrorToSocket(socket as Socket, toParserError(new Error()), newRequestId()))
    connections.watch(listener)
  }
  listenOn(server.server)
  server.addHook('onListen', (done) => {
    for (const listener of furtherListeners(server)) listenOn(listener.on('clientError', refuseUnreadable))
    done()
  })
  app.metrics.gauge('keyhouse_connections', 'Inbound connections.', [], () => [[[], connections.size]])
  server.decorateRequest('story')
  // Before whatever else has something to do when the server ends: until the port closes all is as it was.
  const drain = new Drain(server, connections, config, times)
  registerJsonParser(server)
  server.addHook('onRequest', (request, reply, done) => {
    begin(request, reply)
    done()
  })
  if (traces) registerRequestSpans(server, traces)
  server.addHook('onRequest', (request, reply, done) => {
    const drained = drain.track(reply.raw)
    const answered = connections.begun(reply.raw)
    // Fastify tells of a client that leaves only while the request still arrives, not while the answer is made.
    reply.raw.once('close', () => {
      drained()
      answered()
      if (reply.raw.writableFinished) return
      request.story.waiting?.clientClosed()
      // Nginx's number for a client that left.
      logRequest(app, request, 499)
    })
    done(validateHost(request))
  })
  server.addHook('onResponse', (request, reply, done) => {
    logRequest(app, request, reply.statusCode, reply.elapsedTime)
    done()
  })
  server.setErrorHandler(refuse)
  server.setNotFoundHandler((request, reply) => {
    const isGraphql = request.url.split('?', 1)[0] === '/graphql'
    if (isGraphql) void reply.header('allow', 'GET, POST, OPTIONS')
    const message = isGraphql ? 'GraphQL is asked by GET or POST.' : 'There is nothing at this path. GraphQL is at /graphql.'
    request.story.codes = ['BAD_REQUEST']
    void reply
      .code(isGraphql ? 405 : 404)
      .header('cache-control', 'no-store')
      .send(errorBody({ code: 'BAD_REQUEST', message }, request.id))
  })
  registerCors(server, config)
  return { server, drain }
}

function begin(request: FastifyRequest, reply: FastifyReply): void {
  request.story = {}
  void reply.headers({ 'x-request-id': request.id, 'x-content-type-options': 'nosniff' })
}

/** Listeners that Fastify opens for every address of `localhost` but the first, and keeps to itself. */
function furtherListeners(server: FastifyInstance): readonly Server[] {
  const key = Object.getOwnPropertySymbols(server).find(({ description }) => description === 'fastify.serverBindings')
  return key ? (Reflect.get(server, key) as Server[]) : []
}

/** RFC 9112 §3.2: one Host, no more and no less, or a proxy before us may have understood another request. */
function validateHost({ raw }: FastifyRequest): RequestError | undefined {
  const count = rawHeaderValues(raw, 'host').length
  if (count === 1 || (count === 0 && raw.httpVersion === '1.0')) return undefined
  return new RequestError('BAD_REQUEST', 'A request has exactly one Host header.')
}

const createErrorHandler =
  ({ log }: Services) =>
  (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const refusal = toErrorResponse(error)
    if (refusal.code === 'UNAVAILABLE') log.warn({ err: error, requestId: request.id }, 'the database is away')
    else if (refusal.status >= 500) log.error({ err: error, requestId: request.id }, 'a request failed')
    request.story.codes = [refusal.code]
    // Nobody reads the rest of a body that was refused, or that never came.
    if (refusal.code === 'PAYLOAD_TOO_LARGE' || isClientAbort(error)) void reply.header('connection', 'close')
    void reply
      .code(refusal.status)
      .headers({ 'cache-control': 'no-store', 'content-type': request.story.type ?? 'application/json; charset=utf-8', ...refusal.headers })
      .send(errorBody(refusal, request.id))
  }

function logRequest({ log, metrics }: Services, request: FastifyRequest, status: number, elapsed?: number): void {
  const { operation, actorId, codes, traceId } = request.story
  const route = request.routeOptions.url ?? null
  metrics.observeRequest({ route, operation, codes, seconds: elapsed === undefined ? undefined : elapsed / 1000 })
  log.info(
    {
      requestId: request.id,
      method: request.method,
      path: route,
      status,
      ms: elapsed === undefined ? undefined : Math.round(elapsed * 10) / 10,
      ip: clientAddress(request),
      operation,
      actorId,
      codes,
      // As OpenTelemetry spells it in logs of other forms.
      trace_id: traceId,
    },
    'request',
  )
}
