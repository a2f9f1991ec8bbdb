/** The HTTP server: routes, one log line a request, and errors as JSON wherever they come from. */
import { fastify, type FastifyError, type FastifyInstance } from 'fastify'
import type { GraphQLSchema } from 'graphql'

import type { Services } from '../context.js'
import { RequestError, requestErrorStatus, type RequestErrorCode } from '../errors.js'
import { isUnavailable, unavailable } from '../journal/unavailable.js'
import { newId } from '../lib/id.js'
import { serveCors } from './cors.js'
import { serveGraphql } from './graphql.js'
import { serveHealth } from './health.js'
import { serveWellKnown } from './well-known.js'

/** Bytes. */
const largestBody = 100_000
/** Milliseconds until the whole request must have arrived. */
const slowestRequest = 15_000

const codes: Readonly<Record<string, RequestErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'PAYLOAD_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'BAD_REQUEST',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'BAD_REQUEST',
  FST_ERR_CTP_INVALID_JSON_BODY: 'BAD_REQUEST',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'BAD_REQUEST',
}

const messages: Partial<Record<RequestErrorCode, string>> = {
  PAYLOAD_TOO_LARGE: `The request body must have at most ${largestBody} bytes.`,
  BAD_REQUEST: 'This request cannot be read: send a JSON body with "Content-Type: application/json".',
}

function refusalOf(error: unknown): RequestError {
  if (error instanceof RequestError) return error
  if (isUnavailable(error)) return unavailable(error)
  const { code, statusCode } = error as Partial<FastifyError>
  const known =
    codes[String(code)] ??
    (error instanceof SyntaxError || (statusCode !== undefined && statusCode < 500) ? 'BAD_REQUEST' : 'INTERNAL_SERVER_ERROR')
  return new RequestError(known, messages[known] ?? 'Something went wrong on our side.', {}, { cause: error })
}

const bodyOf = (code: string, message: string, requestId: string): object => ({ errors: [{ message, extensions: { code, requestId } }] })

export async function createServer(app: Services, schema: GraphQLSchema): Promise<FastifyInstance> {
  const { config, log, clock } = app
  const server = fastify({
    bodyLimit: largestBody,
    requestTimeout: slowestRequest,
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
    genReqId: () => newId('req', clock()),
    forceCloseConnections: 'idle',
    // While the last requests are answered, one more on a connection that is still open is too; it is the last one there.
    return503OnClosing: false,
  })
  server.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id)
    done()
  })
  server.addHook('onResponse', (request, reply, done) => {
    const path = request.url.split('?', 1)[0]
    log.info(
      {
        requestId: request.id,
        method: request.method,
        path,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        ip: request.ip,
      },
      'request',
    )
    done()
  })
  server.setErrorHandler((error, request, reply) => {
    const refusal = refusalOf(error)
    if (refusal.status >= 500) log.error({ err: error, requestId: request.id }, 'a request failed')
    void reply
      .code(refusal.status === requestErrorStatus.FORBIDDEN ? 403 : refusal.status)
      .headers({ 'cache-control': 'no-store', ...refusal.headers })
      .send(bodyOf(refusal.code, refusal.message, request.id))
  })
  server.setNotFoundHandler((request, reply) => {
    void reply.code(404).send(bodyOf('BAD_REQUEST', 'There is nothing at this path. GraphQL is at /graphql.', request.id))
  })
  serveCors(server, config)
  serveHealth(server, app)
  serveWellKnown(server, app)
  await serveGraphql(server, app, schema)
  return server
}
