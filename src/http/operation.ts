/** One operation, from its parameters to what is answered: nothing is executed that is not valid, affordable and lawful for its method. */
import { execute, OperationTypeNode, type ExecutionResult, type GraphQLSchema } from 'graphql'

import type { Context, Services } from '../context.js'
import { RequestError } from '../errors.js'
import { Documents, UnfitDocument } from './documents.js'
import type { Parameters } from './graphql-parameters.js'
import { refuseExpensive } from './limits.js'
import { Mask, type Told } from './mask.js'
import type { Story } from './story.js'

export interface Answer {
  /** Undefined: nothing was executed. */
  readonly data?: ExecutionResult['data']
  /** Undefined: nothing went wrong. */
  readonly told?: Told
}

/** @throws RequestError */
export type Answering = (parameters: Parameters, context: Context, story: Story, isByUrl: boolean) => Promise<Answer>

export function answering(app: Services, schema: GraphQLSchema): Answering {
  const isSchemaHidden = !app.config.introspection
  const documents = new Documents(schema, isSchemaHidden)
  const mask = new Mask(schema, app.log, isSchemaHidden)

  return async ({ query, operationName, variables }, context, story, isByUrl) => {
    const { requestId } = context.origin
    const operation = documents.find(query, operationName)
    if (operation instanceof UnfitDocument) return { told: mask.unfit(operation, { requestId }) }
    const { document, node, label } = operation
    story.operation = label
    if (node.operation === OperationTypeNode.SUBSCRIPTION) throw new RequestError('BAD_REQUEST', 'There are no subscriptions here.')
    if (isByUrl && node.operation !== OperationTypeNode.QUERY) {
      throw new RequestError('BAD_REQUEST', 'A mutation is asked by POST.', { allow: 'POST' }, { status: 405 })
    }
    refuseExpensive(operation.complexity(variables))
    const result = await execute({ schema, document, operationName, variableValues: variables, contextValue: context })
    if (!result.errors) return { data: result.data }
    const asked = { requestId, operation: node, variables }
    return 'data' in result
      ? { data: result.data, told: mask.failed(result.errors, asked) }
      : { told: mask.unfitVariables(result.errors, asked) }
  }
}
