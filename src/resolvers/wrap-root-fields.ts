/** Wraps root fields: ids without NUL, a count of uses, and errors of mutations in their payloads. */
import { OperationTypeNode, type GraphQLSchema } from 'graphql'
import type { MiddlewareFn } from 'type-graphql'

import type { Context } from '../context/context.js'
import { DomainError, RequestError } from '../lib/errors.js'
import { sanitizeIds } from './sanitize-ids.js'

type Middleware = MiddlewareFn<Context>

/** Whether the server failed. Usage counts such a request as not denied: the caller did nothing wrong. */
const isServerFailure = (error: unknown): boolean =>
  !(error instanceof DomainError || error instanceof RequestError) || (error instanceof RequestError && error.status >= 500)

/** Counts one use per root field, under the field's name and not its alias. */
const recordUsage: Middleware = async ({ context, info }, next) => {
  try {
    const result: unknown = await next()
    const errors: unknown = result instanceof Object ? Reflect.get(result, 'userErrors') : undefined
    context.recordUsage(info.fieldName, Array.isArray(errors) && errors.length > 0)
    return result
  } catch (error) {
    context.recordUsage(info.fieldName, !isServerFailure(error))
    throw error
  }
}

/** Converts a DomainError of a mutation to `userErrors` of its payload. */
const domainErrorsToPayload: Middleware = async ({ context, info }, next) => {
  try {
    const payload: object = await next()
    return { userErrors: [], ...payload }
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    context.services.metrics.countRefusal(info.fieldName, error.code)
    return { userErrors: error.userErrors }
  }
}

const rootFieldMiddleware: Middleware = (action, next) => {
  sanitizeIds(action)
  const isMutation = action.info.operation.operation === OperationTypeNode.MUTATION
  return recordUsage(action, () => (isMutation ? domainErrorsToPayload(action, next) : next()))
}

/** TypeGraphQL's `globalMiddlewares` would make each field resolver of each row asynchronous (docs/decisions/0193). */
export function wrapRootFields(schema: GraphQLSchema): void {
  for (const type of [schema.getQueryType()!, schema.getMutationType()!]) {
    for (const field of Object.values(type.getFields())) {
      const resolve = field.resolve!
      field.resolve = (root, args, context: Context, info) =>
        rootFieldMiddleware({ root, args, context, info }, async () => resolve(root, args, context, info))
    }
  }
}
