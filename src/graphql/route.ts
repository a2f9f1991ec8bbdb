/** The GraphQL route: authentication, content negotiation and the response deadline, in front of Apollo Server. */
import { HeaderMap, type HTTPGraphQLResponse } from '@apollo/server'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { GraphQLFormattedError, GraphQLSchema } from 'graphql'

import type { Context } from '../context/context.js'
import type { Services } from '../context/services.js'
import { createContext } from '../http/create-context.js'
import { html, own, jsonMediaType, preferredType } from '../http/media-types.js'
import { ResponseDeadline } from '../http/response-deadline.js'
import type { HttpTimeouts } from '../http/timeouts.js'
import { RequestError } from '../lib/errors.js'
import { startApolloServer } from './apollo-server.js'
import { pageHeaders } from './landing-page.js'
import type { Plugin, RoutedRequest } from './routed-request.js'

/** A POST has passed our JSON parser, which accepts no type that a browser sends without a preflight. One map serves all of them. */
const headersOfPost = new HeaderMap([['apollo-require-preflight', '1']])

/** Plugins may log headers. That there is a credential counts as a preflight; its value does not leave this route. */
const secretHeaders = new Set(['authorization', 'cookie'])

function toHeaderMap({ headers }: FastifyRequest): HeaderMap {
  const map = new HeaderMap()
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) map.set(name, secretHeaders.has(name) ? '[redacted]' : String(value))
  }
  return map
}

/** The operation plugin puts the real context in its place. */
const noContext = (): Promise<Context> => Promise.resolve({} as Context)

export async function registerGraphql(
  server: FastifyInstance,
  app: Services,
  schema: GraphQLSchema,
  times: HttpTimeouts,
  plugins: readonly Plugin[] = [],
): Promise<void> {
  const apollo = await startApolloServer(app, schema, plugins)
  server.addHook('onClose', () => apollo.stop())
  const hasPage = app.config.explorer === 'sandbox'

  server.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    // Early refusals are in the media type that was asked for too, or a client would not look for their codes.
    onRequest: (request, _reply, done) => {
      request.story.type = preferredType(request, [jsonMediaType, own])
      done()
    },
    // Authenticate before reading the body.
    preParsing: async (request, reply) => {
      const context = await createContext(app, request, reply)
      request.story.context = context
      request.story.actorId = context.actorOrNull?.id ?? null
    },
    handler: async (request, reply) => {
      const isPost = request.method === 'POST'
      const context = request.story.context!
      const { url, body } = request
      try {
        const isAcceptable = request.story.type !== undefined || (hasPage && !isPost && preferredType(request, [html]) !== undefined)
        if (!isAcceptable) throw new RequestError('BAD_REQUEST', `An answer is ${jsonMediaType} or ${own}.`, {}, { status: 406 })
        const waiting = new ResponseDeadline(times.responseTimeoutMs)
        context.deadline = request.story.waiting = waiting
        const httpGraphQLRequest: RoutedRequest = {
          // HEAD is a GET whose body Node leaves out.
          method: isPost ? 'POST' : 'GET',
          headers: isPost && plugins.length === 0 ? headersOfPost : toHeaderMap(request),
          search: url.includes('?') ? url.slice(url.indexOf('?')) : '',
          body,
          context,
          state: request.story,
        }
        const response = await waiting.race(apollo.executeHTTPGraphQLRequest({ httpGraphQLRequest, context: noContext }))
        if (httpGraphQLRequest.codes) request.story.codes = httpGraphQLRequest.codes
        else if (response.status !== undefined && response.status >= 400) throw refusalBeforePlugins(response)
        return answered(request, reply, response)
      } catch (error) {
        if (context.usageCount === 0 && isRefusal(error)) context.recordUsage(null, true)
        throw error
      }
    },
  })
}

/** A request that timed out is counted when its operation ends. */
const isRefusal = (error: unknown): boolean => error instanceof RequestError && error.status < 500 && error.code !== 'REQUEST_TIMEOUT'

function answered(request: FastifyRequest, reply: FastifyReply, { status = 200, headers, body }: HTTPGraphQLResponse): string {
  if (headers.get('content-type') === html) void reply.headers(pageHeaders)
  else {
    for (const [name, value] of headers) void reply.header(name, value)
    void reply.header('content-type', request.story.type ?? jsonMediaType)
  }
  void reply.code(status).header('cache-control', 'no-store')
  return responseText(body)
}

/** Apollo knows no request while it refuses a malformed one, so its text lacks the request id. */
function refusalBeforePlugins({ status, headers, body }: HTTPGraphQLResponse): Error {
  const [error] = (JSON.parse(responseText(body)) as { errors: GraphQLFormattedError[] }).errors
  const message = error?.message.trim() ?? ''
  const { allow } = Object.fromEntries(headers)
  if (status === undefined || status >= 500) return new Error(message)
  return new RequestError('BAD_REQUEST', message, allow === undefined ? {} : { allow }, { status })
}

function responseText(body: HTTPGraphQLResponse['body']): string {
  if (body.kind === 'complete') return body.string
  throw new Error('This schema has no incremental delivery.')
}
