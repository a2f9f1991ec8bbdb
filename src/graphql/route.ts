/** GraphQL route: authentication, content negotiation and the response deadline, in front of Apollo Server. */
import { HeaderMap, type HTTPGraphQLResponse } from '@apollo/server'
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler, RouteHandlerMethod } from 'fastify'
import type { GraphQLFormattedError, GraphQLSchema } from 'graphql'

import type { Context } from '../context/context.js'
import type { Services } from '../context/services.js'
import { createContext, createSessionContext } from '../http/create-context.js'
import { html, own, jsonMediaType, negotiateMediaType } from '../http/media-types.js'
import { ResponseDeadline } from '../http/response-deadline.js'
import { assertSameOrigin } from '../http/same-origin.js'
import { sessionCookie } from '../http/session-cookie.js'
import type { HttpTimeouts } from '../http/timeouts.js'
import { RequestError } from '../lib/errors.js'
import { startApolloServer } from './apollo-server.js'
import { pageHeaders } from './landing-page.js'
import type { Plugin, RoutedRequest } from './routed-request.js'

/** The JSON parser accepts only media types that need a CORS preflight, so every POST counts as preflighted. Shared by all. */
const preflightedPostHeaders = new HeaderMap([['apollo-require-preflight', '1']])

/** Redacted for plugins, which may log headers. Their presence still counts as a preflight. */
const redactedHeaders = new Set(['authorization', 'cookie', 'x-keyhouse-session-key'])

function toHeaderMap({ headers }: FastifyRequest): HeaderMap {
  const map = new HeaderMap()
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) map.set(name, redactedHeaders.has(name) ? '[redacted]' : String(value))
  }
  return map
}

/** Placeholder, which the operation plugin replaces with the request's context. */
const placeholderContext = (): Promise<Context> => Promise.resolve({} as Context)

export async function registerGraphql(
  server: FastifyInstance,
  services: Services,
  schema: GraphQLSchema,
  times: HttpTimeouts,
  plugins: readonly Plugin[] = [],
): Promise<void> {
  const apollo = await startApolloServer(services, schema, plugins)
  server.addHook('onClose', () => apollo.stop())
  const hasLandingPage = services.config.explorer === 'sandbox'

  const handler: RouteHandlerMethod = async (request, reply) => {
    const isPost = request.method === 'POST'
    const context = request.state.context!
    const { url, body } = request
    const isAcceptable =
      request.state.type !== undefined || (hasLandingPage && !isPost && negotiateMediaType(request, [html]) !== undefined)
    if (!isAcceptable)
      throw new RequestError(
        'BAD_REQUEST',
        `The response can be ${jsonMediaType} or ${own}. Name one of them in Accept.`,
        {},
        { status: 406 },
      )
    const deadline = new ResponseDeadline(times.responseTimeoutMs)
    context.deadline = request.state.deadline = deadline
    const httpGraphQLRequest: RoutedRequest = {
      // HEAD is processed as GET; Node omits the body.
      method: isPost ? 'POST' : 'GET',
      headers: isPost && plugins.length === 0 ? preflightedPostHeaders : toHeaderMap(request),
      search: url.includes('?') ? url.slice(url.indexOf('?')) : '',
      body,
      context,
      state: request.state,
    }
    const response = await deadline.race(apollo.executeHTTPGraphQLRequest({ httpGraphQLRequest, context: placeholderContext }))
    if (httpGraphQLRequest.codes) request.state.codes = httpGraphQLRequest.codes
    else if (response.status !== undefined && response.status >= 400) throw toRequestError(response)
    return toReplyBody(request, reply, response)
  }

  server.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    onRequest: negotiateType,
    // Authenticate before reading the body.
    preParsing: async (request, reply) => {
      await createContext(services, request, reply)
    },
    handler,
  })
  const cookie = sessionCookie(services.config.url)
  if (!services.config.console || !cookie) return
  server.post('/console/graphql', {
    config: { cors: false },
    onRequest: negotiateType,
    preParsing: async (request, reply) => {
      assertSameOrigin(request)
      await createSessionContext(services, cookie, request, reply)
    },
    handler,
  })
}

/** Negotiated first, so that early errors have the requested media type too. Clients read codes only from that type. */
const negotiateType: onRequestHookHandler = (request, _reply, done) => {
  request.state.type = negotiateMediaType(request, [jsonMediaType, own])
  done()
}

/** Sets status and headers of the reply, and returns its body. */
function toReplyBody(request: FastifyRequest, reply: FastifyReply, { status = 200, headers, body }: HTTPGraphQLResponse): string {
  if (headers.get('content-type') === html) void reply.headers(pageHeaders)
  else {
    for (const [name, value] of headers) void reply.header(name, value)
    void reply.header('content-type', request.state.type ?? jsonMediaType)
  }
  void reply.code(status).header('cache-control', 'no-store')
  return responseText(body)
}

/** Apollo rejects a malformed request before any plugin runs, so its error body lacks the request id. */
function toRequestError({ status, headers, body }: HTTPGraphQLResponse): Error {
  const [error] = (JSON.parse(responseText(body)) as { errors: GraphQLFormattedError[] }).errors
  const message = error?.message.trim() ?? ''
  const { allow } = Object.fromEntries(headers)
  if (status === undefined || status >= 500) return new Error(message)
  return new RequestError('BAD_REQUEST', message, allow === undefined ? {} : { allow }, { status })
}

function responseText(body: HTTPGraphQLResponse['body']): string {
  if (body.kind === 'complete') return body.string
  throw new Error('the schema has no incremental delivery')
}
