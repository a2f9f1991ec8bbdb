/** Creates and starts the Apollo Server behind the GraphQL route (docs/decisions/0186-apollo-server.md). */
import { ApolloServer } from '@apollo/server'
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled'
import { NoSchemaIntrospectionCustomRule, type GraphQLSchema } from 'graphql'

import type { Context } from '../context/context.js'
import type { Services } from '../context/services.js'
import { documentLimits, validationRules } from './document-limits.js'
import { createDocumentStore, createPersistedQueryCache } from './document-store.js'
import { operationPlugin } from './execute-operation.js'
import { landingPagePlugin } from './landing-page.js'
import type { Plugin } from './routed-request.js'

/** A browser sends none of these across origins without a preflight (Fetch standard, CORS-safelisted request-header). */
const preflightedHeaders = ['apollo-require-preflight', 'x-apollo-operation-name', 'authorization']

/** Disables Apollo's default plugins: they wrap every field, report to Apollo, or depend on its environment variables. */
const disabledPlugins = [
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
]

export async function startApolloServer(
  services: Services,
  schema: GraphQLSchema,
  plugins: readonly Plugin[],
): Promise<ApolloServer<Context>> {
  const { introspection, explorer } = services.config
  const server = new ApolloServer<Context>({
    schema,
    logger: services.log,
    // Behaviour depends on our configuration alone, never on NODE_ENV.
    nodeEnv: 'production',
    includeStacktraceInErrorResponses: false,
    introspection: true,
    validationRules: [...validationRules, ...(introspection ? [] : [NoSchemaIntrospectionCustomRule])],
    validationOptions: { maxErrors: documentLimits.errors, hideSuggestions: !introspection },
    parseOptions: { maxLexicalTokens: documentLimits.tokens },
    csrfPrevention: { requestHeaders: preflightedHeaders },
    documentStore: createDocumentStore(),
    persistedQueries: { cache: createPersistedQueryCache(), ttl: null },
    stopOnTerminationSignals: false,
    stringifyResult: (result) => JSON.stringify(result),
    plugins: [
      operationPlugin(services, schema, plugins.length > 0),
      ...disabledPlugins.map((plugin) => plugin()),
      explorer === 'sandbox' ? landingPagePlugin(services.config.url) : ApolloServerPluginLandingPageDisabled(),
      ...plugins,
    ],
  })
  await server.start()
  return server
}
