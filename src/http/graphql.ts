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
import { storyOf } from './story.js'
import type { Times } from './times.js'

const plain = 'application/json'
const own = 'application/graphql-response+json'
const offered = [plain, own, 'text/html']

/** What the client would rather have of what there is; undefined: none of it. */
const preferred = ({ headers: { accept } }: FastifyRequest): string | undefined =>
  accept === undefined ? plain : new Negotiator({ headers: { accept } }).mediaType(offered)

/** What was not executed because the document or its variables are unfit. */
const unfit: ReadonlySet<string> = new Set(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT'])

/** Aborted when the time for an answer is over, or when nobody waits for it any more. */
function waitingFor(reply: FastifyReply, time: number): { signal: AbortSignal; over: Promise<never>; done: () => void } {
  const controller = new AbortController()
  const { promise: over, reject } = Promise.withResolvers<never>()
  over.catch(() => undefined)
  const end = (message: string): void => {
    const reason = new RequestError('REQUEST_TIMEOUT', message)
    controller.abort(reason)
    reject(reason)
  }
  const timer = setTimeout(end, time, 'This took too long. What it was to change may have been changed.')
  const onClose = (): void => {
    if (!reply.raw.writableFinished) end('Nobody waits for this answer any more.')
  }
  reply.raw.once('close', onClose)
  return { signal: controller.signal, over, done: () => clearTimeout(timer) }
}

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
      storyOf(request).actorId = context.caller?.id ?? null
    },
    handler: async (request, reply) => {
      const type = preferred(request)
      if (type === 'text/html' && page && request.method === 'GET') return page(reply)
      const context = contexts.get(request)!
      const waiting = waitingFor(reply, times.answer)
      context.signal = waiting.signal
      try {
        if (type === undefined) throw new RequestError('BAD_REQUEST', `Answers are of ${plain} or ${own}.`, {}, { status: 406 })
        const answer = answerTo(parametersOf(request), context, request.method !== 'POST')
        return told(request, reply, type === own ? own : plain, await Promise.race([answer, waiting.over]))
      } finally {
        waiting.done()
        // Refused before anything was executed, or nothing but introspection.
        if (context.uses === 0) context.count(null, reply.statusCode >= 400 && reply.statusCode < 500)
      }
    },
  })
}

function told(request: FastifyRequest, reply: FastifyReply, type: string, { operation, data, told }: Answer): string {
  const story = storyOf(request)
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
