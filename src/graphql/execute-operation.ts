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

interface Prepared {
  /** In the schema's words. */
  readonly label: string
  readonly complexity: (variables: Variables) => Cost
}

/** Refusals that `application/json` carries with status 200 (GraphQL over HTTP §6.4.1): a client cannot tell our 400 from a proxy's. */
const toldWith200: ReadonlySet<string> = new Set(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT'])

const toRoutedRequest = (request: GraphQLRequest): RoutedRequest => request.http as RoutedRequest

const noHeaders = new HeaderMap()

/** @param hasPlugins Plugins of the embedding application expect Apollo's own execution, which calls all their hooks. */
export function operationPlugin(app: Services, schema: GraphQLSchema, hasPlugins: boolean): Plugin {
  const mask = new ErrorFormatter(schema, app.log, !app.config.introspection)
  /** As long as the document store keeps the document. */
  const prepared = new WeakMap<OperationDefinitionNode, Prepared>()
  const prepare = (document: DocumentNode, node: OperationDefinitionNode): Prepared => {
    let found = prepared.get(node)
    if (!found)
      prepared.set(node, (found = { label: describeOperation(node, document), complexity: analyzeComplexity(schema, document, node) }))
    return found
  }

  const listener: GraphQLRequestListener<Context> = {
    async didResolveOperation({ request, document, operation }) {
      // Apollo's own refusal would quote the name that was asked for.
      if (!operation) throw new RequestError('BAD_REQUEST', 'Say by "operationName" which operation of the document is meant.')
      const { label, complexity } = prepare(document, operation)
      toRoutedRequest(request).state.operation = label
      if (operation.operation === OperationTypeNode.SUBSCRIPTION) throw new RequestError('BAD_REQUEST', 'There are no subscriptions here.')
      assertAffordable(complexity(request.variables ?? {}))
    },

    async willSendResponse({ request, response, document, operation, errors }) {
      if (response.body.kind !== 'single') return
      const { singleResult: result } = response.body
      const routed = toRoutedRequest(request)
      const { context, state } = routed
      // A mutation by GET is refused by Apollo before its operation is labelled.
      if (operation && document) state.operation ??= prepare(document, operation).label
      // Nothing but introspection was executed, or nothing at all.
      if (context.usageCount === 0) context.recordUsage(null, result.data === undefined)
      const raised = errors ?? routed.errors
      if (!raised) return
      const asked = {
        requestId: context.origin.requestId,
        variables: request.variables ?? {},
        ...(operation ? { operation } : {}),
      }
      const told = !routed.isExecuted
        ? mask.refused(raised, asked, response.http.status)
        : result.data === undefined
          ? mask.unfitVariables(raised, asked)
          : mask.failed(raised, asked)
      const isToldWith200 =
        (state.type ?? jsonMediaType) === jsonMediaType && result.data === undefined && told.codes.every((code) => toldWith200.has(code))
      result.errors = told.errors
      routed.codes = told.codes
      response.http.status = isToldWith200 ? 200 : told.status
      for (const [name, value] of Object.entries(told.headers)) response.http.headers.set(name, value)
    },

    ...(hasPlugins
      ? {
          async executionDidStart({ request }) {
            toRoutedRequest(request).isExecuted = true
          },
        }
      : {
          /** Apollo's own execution parses `Accept` for `@defer` at every request, which this schema does not have. */
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
      // Apollo clones the context value, and the state of a clone would differ from that of the request.
      ;(requestContext as { contextValue: Context }).contextValue = toRoutedRequest(requestContext.request).context
      invalidateMalformedHash(requestContext)
      return Promise.resolve(listener)
    },
  }
}

/** Apollo makes a cache key of the hash without checking its type. A hash without a version is refused. */
function invalidateMalformedHash({ request: { extensions } }: GraphQLRequestContext<Context>): void {
  const query: unknown = extensions?.['persistedQuery']
  if (typeof query !== 'object' || query === null) return
  const { sha256Hash } = query as { sha256Hash?: unknown }
  if (typeof sha256Hash !== 'string' || !/^[0-9a-f]{64}$/.test(sha256Hash)) Object.assign(query, { version: undefined })
}
