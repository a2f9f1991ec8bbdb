/** GraphQL over HTTP: one route, and what its answers look like to HTTP. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { GraphQLSchema } from 'graphql'
import Negotiator from 'negotiator'

import type { Services } from '../context.js'
import { RequestError } from '../errors.js'
import { contextOf } from './authenticate.js'
import { parametersOf } from './graphql-parameters.js'
import { landingPage } from './landing-page.js'
import { answering, type Answer } from './operation.js'
import type { Times } from './times.js'
import { Waiting } from './waiting.js'

const plain = 'application/json; charset=utf-8'
const own = 'application/graphql-response+json; charset=utf-8'
const html = 'text/html'

/** What the client would rather have of what there is; undefined: none of it. */
const preferred = ({ headers: { accept } }: FastifyRequest, offered: string[]): string | undefined =>
  accept ? new Negotiator({ headers: { accept } }).mediaType(offered) : plain

/** What was not executed because the document or its variables are unfit. */
const unfit: ReadonlySet<string> = new Set(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT'])

export function serveGraphql(server: FastifyInstance, app: Services, schema: GraphQLSchema, times: Times): void {
  const answerTo = answering(app, schema)
  const page = landingPage(app.config.explorer)

  server.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    // Before the body is read: whoever is refused anyway is not listened to.
    preParsing: async (request, reply) => {
      const context = await contextOf(app, request, reply)
      request.story.context = context
      request.story.actorId = context.caller?.id ?? null
    },
    handler: async (request, reply) => {
      const isByUrl = request.method !== 'POST'
      const type = preferred(request, page && isByUrl ? [plain, own, html] : [plain, own])
      if (type === html && page) return page(reply)
      const context = request.story.context!
      try {
        if (type === undefined) throw new RequestError('BAD_REQUEST', `An answer is ${plain} or ${own}.`, {}, { status: 406 })
        request.story.type = type
        const parameters = parametersOf(request)
        const waiting = new Waiting(times.answer)
        context.waiting = request.story.waiting = waiting
        const answer = await waiting.for(answerTo(parameters, context, request.story, isByUrl))
        // Nothing but introspection was executed, or nothing at all.
        if (context.uses === 0) context.count(null, answer.data === undefined)
        return answered(request, reply, type, answer)
      } catch (error) {
        if (context.uses === 0 && isRefusal(error)) context.count(null, true)
        throw error
      }
    },
  })
}

/** What was begun and took too long is counted when it ends. */
const isRefusal = (error: unknown): boolean => error instanceof RequestError && error.status < 500 && error.code !== 'REQUEST_TIMEOUT'

function answered(request: FastifyRequest, reply: FastifyReply, type: string, { data, told }: Answer): string {
  void reply.header('cache-control', 'no-store').header('content-type', type)
  if (!told) return JSON.stringify({ data })
  const { errors, codes, headers, status } = told
  request.story.codes = codes
  // A client of plain JSON cannot tell our 400 from a proxy's, so it looks into the answer (GraphQL over HTTP §6.4.1).
  const isTold = type === plain && data === undefined && codes.every((code) => unfit.has(code))
  void reply.headers(headers).code(isTold ? 200 : status)
  return JSON.stringify(data === undefined ? { errors } : { errors, data })
}
