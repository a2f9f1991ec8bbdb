/** GraphQL over HTTP: Apollo behind one route. */
import { ApolloServer, HeaderMap } from '@apollo/server'
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { GraphQLSchema } from 'graphql'

import type { Context, Services } from '../context.js'
import { RequestError } from '../errors.js'
import { contextOf } from './authenticate.js'
import { complexityLimit } from './complexity.js'
import { landingPage, pageHeaders } from './landing-page.js'
import { limits, validationRules } from './limits.js'
import { maskError, maskPlugin } from './mask.js'
import { storyOf } from './story.js'
import type { Times } from './times.js'

const newApollo = (app: Services, schema: GraphQLSchema): ApolloServer<Context> =>
  new ApolloServer<Context>({
    schema,
    introspection: app.config.introspection,
    hideSchemaDetailsFromClientErrors: !app.config.introspection,
    includeStacktraceInErrorResponses: false,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    stopOnTerminationSignals: false,
    parseOptions: { maxLexicalTokens: limits.tokens },
    validationOptions: { maxErrors: limits.errors },
    validationRules,
    // Apollo's own rule would make ours wait until the document is found valid, which is what can be expensive.
    maxRecursiveSelections: false,
    // Apollo's own indents every answer.
    stringifyResult: (result) => JSON.stringify(result),
    formatError: maskError,
    logger: app.log,
    plugins: [
      landingPage(app.config.explorer),
      // It would wrap every field of every answer.
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      complexityLimit,
      maskPlugin(app.log, { isSchemaHidden: !app.config.introspection }),
    ],
  })

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

export async function serveGraphql(server: FastifyInstance, app: Services, schema: GraphQLSchema, times: Times): Promise<void> {
  const apollo = newApollo(app, schema)
  await apollo.start()
  server.addHook('onClose', () => apollo.stop())
  const contexts = new WeakMap<FastifyRequest, Context>()

  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<string> {
    const waiting = waitingFor(reply, times.answer)
    try {
      const context = contexts.get(request)!
      context.signal = waiting.signal
      return await Promise.race([execute(apollo, context, request, reply), waiting.over])
    } finally {
      waiting.done()
    }
  }
  server.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    // Before the body is read: whoever is refused anyway is not listened to.
    preParsing: async (request, reply) => {
      const context = await contextOf(app, request, reply)
      contexts.set(request, context)
      storyOf(request).actorId = context.caller?.id ?? null
    },
    handler: answer,
  })
}

async function execute(apollo: ApolloServer<Context>, context: Context, request: FastifyRequest, reply: FastifyReply): Promise<string> {
  const headers = new HeaderMap()
  for (const [name, value] of Object.entries(request.headers)) if (value !== undefined) headers.set(name, String(value))
  const {
    body,
    status = 200,
    headers: answered,
  } = await apollo.executeHTTPGraphQLRequest({
    httpGraphQLRequest: { method: request.method, headers, body: request.body, search: searchOf(request.url) },
    context: () => Promise.resolve(context),
  })
  // Refused before anything was executed, or nothing but introspection.
  if (context.counted.uses === 0) context.count(null, status >= 400 && status < 500)
  const story = Object.assign(storyOf(request), storyOf(context.origin))
  for (const [name, value] of answered) void reply.header(name, value)
  const type = answered.get('content-type') ?? ''
  const text = body.kind === 'complete' ? body.string : ''
  if (type.startsWith('text/html')) void reply.headers(pageHeaders(text))
  // A client of plain JSON cannot tell our 400 from a proxy's, so it looks into the answer (GraphQL over HTTP §6.4.1).
  const isTold = story.isUnfit && type.startsWith('application/json')
  void reply.header('cache-control', 'no-store').code(isTold ? 200 : status)
  return status >= 400 && story.codes === undefined ? completed(text, request) : text
}

const searchOf = (url: string): string => (url.includes('?') ? url.slice(url.indexOf('?')) : '')

/** Errors that Apollo makes before it has a request of its own. */
function completed(text: string, request: FastifyRequest): string {
  if (!text.startsWith('{')) return text
  const answer = JSON.parse(text) as { errors?: { extensions?: { code?: string } }[] }
  const errors = answer.errors?.map((error) => ({ ...error, extensions: { ...error.extensions, requestId: request.id } })) ?? []
  storyOf(request).codes = errors.map((error) => String(error.extensions.code))
  return JSON.stringify({ ...answer, errors })
}
