/** GraphQL over HTTP: one route, and what its answers look like to HTTP. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { GraphQLSchema } from 'graphql'
import Negotiator from 'negotiator'

import type { Context, Services } from '../context.js'
import { RequestError } from '../errors.js'
import { contextOf } from './authenticate.js'
import { parametersOf } from './graphql-parameters.js'
import { landingPage } from './landing-page.js'
import { answering, type Answer } from './operation.js'
import type { Times } from './times.js'
import { Waiting } from './waiting.js'

const plain = 'application/json'
const own = 'application/graphql-response+json'
const offered = [plain, own, 'text/html']

/** What the client would rather have of what there is; undefined: none of it. */
const preferred = ({ headers: { accept } }: FastifyRequest): string | undefined =>
  accept === undefined ? plain : new Negotiator({ headers: { accept } }).mediaType(offered)

/** What was not executed because the document or its variables are unfit. */
const unfit: ReadonlySet<string> = new Set(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT'])

export function serveGraphql(server: FastifyInstance, app: Services, schema: GraphQLSchema, times: Times): void {
  const answerTo = answering(app, schema)
  const page = landingPage(app.config.explorer)
  const contexts = new WeakMap<FastifyRequest, Context>()

  server.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    // Before the body is read: whoever is refused anyway is not listened to.
    preParsing: async (request, reply) => {
      const context = await contextOf(app, request, reply)
      contexts.set(request, context)
      request.story.actorId = context.caller?.id ?? null
    },
    handler: async (request, reply) => {
      const type = preferred(request)
      if (type === 'text/html' && page && request.method === 'GET') return page(reply)
      const context = contexts.get(request)!
      try {
        if (type === undefined) throw new RequestError('BAD_REQUEST', `Answers are of ${plain} or ${own}.`, {}, { status: 406 })
        const parameters = parametersOf(request)
        const waiting = new Waiting(times.answer)
        context.waiting = request.story.waiting = waiting
        const answer = await waiting.for(answerTo(parameters, context, request.method !== 'POST'))
        // Nothing but introspection was executed, or nothing at all.
        if (context.uses === 0) context.count(null, answer.data === undefined)
        return answered(request, reply, type === own ? own : plain, answer)
      } catch (error) {
        if (context.uses === 0 && isRefusal(error)) context.count(null, true)
        throw error
      }
    },
  })
}

/** What was begun and took too long is counted when it ends. */
const isRefusal = (error: unknown): boolean => error instanceof RequestError && error.status < 500 && error.code !== 'REQUEST_TIMEOUT'

function answered(request: FastifyRequest, reply: FastifyReply, type: string, { operation, data, told }: Answer): string {
  const { story } = request
  if (operation !== undefined) story.operation = operation
  void reply.header('cache-control', 'no-store').header('content-type', `${type}; charset=utf-8`)
  if (!told) return JSON.stringify({ data })
  const { errors, codes, headers, status } = told
  story.codes = codes
  // A client of plain JSON cannot tell our 400 from a proxy's, so it looks into the answer (GraphQL over HTTP §6.4.1).
  const isTold = type === plain && data === undefined && codes.every((code) => unfit.has(code))
  void reply.headers(headers).code(isTold ? 200 : status)
  return JSON.stringify(data === undefined ? { errors } : { errors, data })
}
