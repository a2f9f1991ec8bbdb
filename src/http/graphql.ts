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
import { contextOf } from './authenticate.js'
import { landingPage } from './landing-page.js'
import { complexityLimit, limits, validationRules } from './limits.js'
import { maskError, maskPlugin } from './mask.js'

export async function serveGraphql(server: FastifyInstance, app: Services, schema: GraphQLSchema): Promise<void> {
  const apollo = new ApolloServer<Context>({
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
    maxRecursiveSelections: true,
    formatError: maskError,
    logger: app.log,
    plugins: [
      landingPage(app.config.explorer),
      // It would wrap every field of every answer.
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      complexityLimit,
      maskPlugin(app.log),
    ],
  })
  await apollo.start()
  server.addHook('onClose', () => apollo.stop())

  const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<string> => {
    const context = await contextOf(app, request, reply)
    const headers = new HeaderMap()
    for (const [name, value] of Object.entries(request.headers)) if (value !== undefined) headers.set(name, String(value))
    const {
      body,
      status,
      headers: answered,
    } = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: { method: request.method, headers, body: request.body, search: searchOf(request.url) },
      context: () => Promise.resolve(context),
    })
    // Refused before anything was executed, or nothing but introspection.
    if (context.counted.uses === 0) context.count(null, (status ?? 200) >= 400 && (status ?? 200) < 500)
    for (const [name, value] of answered) void reply.header(name, value)
    void reply.header('cache-control', 'no-store').code(status ?? 200)
    const text = body.kind === 'complete' ? body.string : ''
    return (status ?? 200) >= 400 && !text.includes('"requestId"') ? withRequestId(text, request.id) : text
  }
  server.route({ method: ['GET', 'POST'], url: '/graphql', handler: answer })
}

const searchOf = (url: string): string => (url.includes('?') ? url.slice(url.indexOf('?')) : '')

/** Errors that Apollo makes before it has a request of its own. */
function withRequestId(text: string, requestId: string): string {
  if (!text.startsWith('{')) return text
  const answer = JSON.parse(text) as { errors?: { extensions?: object }[] }
  return JSON.stringify({
    ...answer,
    errors: answer.errors?.map((error) => ({ ...error, extensions: { ...error.extensions, requestId } })),
  })
}
