/** The Apollo Server plugin that checks, executes and answers one operation: log label, complexity, usage, errors. */
import { HeaderMap, type GraphQLRequest, type GraphQLRequestContext, type GraphQLRequestListener } from '@apollo/server'
import { execute, OperationTypeNode, type DocumentNode, type GraphQLSchema, type OperationDefinitionNode } from 'graphql'

import type { Context } from '../context/context.js'
import type { Services } from '../context/services.js'
import { jsonMediaType } from '../http/media-types.js'
import { RequestError } from '../lib/errors.js'
import { analyzeComplexity, type Variables } from './complexity.js'
import { describeOperation } from './describe-operation.js'
import { assertAffordable } from './document-limits.js'
import { ErrorFormatter } from './error-formatter.js'
import type { Cost } from './field-cost.js'
import type { Plugin, RoutedRequest } from './routed-request.js'

interface PreparedOperation {
  /** Label for the log, in names of the schema. */
  readonly label: string
  readonly complexity: (variables: Variables) => Cost
}

/** Errors with status 200 in `application/json` (GraphQL over HTTP §6.4.1): a client cannot tell our 400 from a proxy's. */
const codesWithStatus200: ReadonlySet<string> = new Set(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT'])

const toRoutedRequest = (request: GraphQLRequest): RoutedRequest => request.http as RoutedRequest

const noHeaders = new HeaderMap()

/** @param hasPlugins plugins of the embedding application need Apollo's own execution, which calls their hooks */
export function operationPlugin(services: Services, schema: GraphQLSchema, hasPlugins: boolean): Plugin {
  const formatter = new ErrorFormatter(schema, services.log, !services.config.introspection)
  /** Weak: entries live as long as the document store keeps the document. */
  const prepared = new WeakMap<OperationDefinitionNode, PreparedOperation>()
  const prepare = (document: DocumentNode, node: OperationDefinitionNode): PreparedOperation => {
    let entry = prepared.get(node)
    if (!entry)
      prepared.set(node, (entry = { label: describeOperation(node, document), complexity: analyzeComplexity(schema, document, node) }))
    return entry
  }

  const listener: GraphQLRequestListener<Context> = {
    async didResolveOperation({ request, document, operation }) {
      // Apollo's own error would quote the client's operation name, which may be a secret.
      if (!operation)
        throw new RequestError(
          'BAD_REQUEST',
          'The document has several operations, or none of this name. Set "operationName" to one of them.',
        )
      const { label, complexity } = prepare(document, operation)
      toRoutedRequest(request).state.operation = label
      if (operation.operation === OperationTypeNode.SUBSCRIPTION)
        throw new RequestError('BAD_REQUEST', 'Subscriptions are not supported. Poll with a query.')
      assertAffordable(complexity(request.variables ?? {}))
    },

    async willSendResponse({ request, response, document, operation, errors }) {
      if (response.body.kind !== 'single') return
      const { singleResult: result } = response.body
      const routed = toRoutedRequest(request)
      const { context, state } = routed
      // Apollo rejects a mutation by GET before didResolveOperation, which sets the label.
      if (operation && document) state.operation ??= prepare(document, operation).label
      const raised = errors ?? routed.errors
      if (!raised) return
      const errorContext = {
        requestId: context.origin.requestId,
        variables: request.variables ?? {},
        ...(operation ? { operation } : {}),
      }
      const formatted = !routed.isExecuted
        ? formatter.formatRequestErrors(raised, errorContext, response.http.status)
        : result.data === undefined
          ? formatter.formatVariableErrors(raised, errorContext)
          : formatter.formatExecutionErrors(raised, errorContext)
      const isStatus200 =
        (state.type ?? jsonMediaType) === jsonMediaType &&
        result.data === undefined &&
        formatted.codes.every((code) => codesWithStatus200.has(code))
      result.errors = formatted.errors
      routed.codes = formatted.codes
      response.http.status = isStatus200 ? 200 : formatted.status
      for (const [name, value] of Object.entries(formatted.headers)) response.http.headers.set(name, value)
    },

    ...(hasPlugins
      ? {
          async executionDidStart({ request }) {
            toRoutedRequest(request).isExecuted = true
          },
        }
      : {
          /** Replaces Apollo's execution, which parses `Accept` for `@defer` at every request. The schema has no `@defer`. */
          async responseForOperation({ request, document }) {
            const routed = toRoutedRequest(request)
            routed.isExecuted = true
            const { operationName, variables: variableValues } = request
            const { data, errors } = await execute({ schema, document, operationName, variableValues, contextValue: routed.context })
            routed.errors = errors
            return { body: { kind: 'single', singleResult: data === undefined ? {} : { data } }, http: { headers: noHeaders } }
          },
        }),
  }

  return {
    requestDidStart(requestContext) {
      // Apollo clones the context value. A clone's counters and caches would differ from the request's.
      ;(requestContext as { contextValue: Context }).contextValue = toRoutedRequest(requestContext.request).context
      invalidateMalformedHash(requestContext)
      return Promise.resolve(listener)
    },
  }
}

/** Apollo uses the hash as a cache key without checking its type. Removing the version makes Apollo reject the request. */
function invalidateMalformedHash({ request: { extensions } }: GraphQLRequestContext<Context>): void {
  const query: unknown = extensions?.['persistedQuery']
  if (typeof query !== 'object' || query === null) return
  const { sha256Hash } = query as { sha256Hash?: unknown }
  if (typeof sha256Hash !== 'string' || !/^[0-9a-f]{64}$/.test(sha256Hash)) Object.assign(query, { version: undefined })
}
