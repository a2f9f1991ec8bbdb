/** What one document may cost, whatever it asks for: depth, aliases, root fields, directives, complexity. */
import type { ApolloServerPlugin } from '@apollo/server'
import {
  GraphQLError,
  Kind,
  OperationTypeNode,
  type ASTVisitor,
  type FieldNode,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql'
import { getComplexity, type ComplexityEstimator } from 'graphql-query-complexity'

import type { Context } from '../context.js'
import { defaultPage } from '../lib/page.js'

export const limits = { tokens: 4000, depth: 12, aliases: 30, mutations: 5, directives: 10, complexity: 10_000, errors: 20 } as const

const tooComplex = (message: string): GraphQLError => new GraphQLError(message, { extensions: { code: 'OPERATION_TOO_COMPLEX' } })

/** Introspection is deep by nature (14 levels in the standard query) and bounded by the schema, so it is not descended into. */
const isIntrospection = (field: FieldNode): boolean => field.name.value === '__schema' || field.name.value === '__type'

interface Count {
  depth: number
  aliases: number
  roots: number
  directives: number
}

/** Fragments count each time they are spread; one that spreads itself is another rule's to refuse. */
function measure(set: SelectionSetNode, context: ValidationContext, count: Count, depth: number, path: readonly string[]): void {
  for (const selection of set.selections) {
    count.directives += selection.directives?.length ?? 0
    if (count.aliases > limits.aliases || count.roots > 1000) return
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      const fragment = context.getFragment(selection.name.value)
      if (fragment && !path.includes(selection.name.value))
        measure(fragment.selectionSet, context, count, depth, [...path, selection.name.value])
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      measure(selection.selectionSet, context, count, depth, path)
    } else if (!isIntrospection(selection)) {
      count.depth = Math.max(count.depth, depth)
      if (selection.alias) count.aliases++
      if (depth === 1) count.roots++
      if (selection.selectionSet && depth <= limits.depth) measure(selection.selectionSet, context, count, depth + 1, path)
    }
  }
}

const operationLimits: ValidationRule = (context: ValidationContext): ASTVisitor => ({
  OperationDefinition(operation) {
    const count = { depth: 0, aliases: 0, roots: 0, directives: operation.directives?.length ?? 0 }
    measure(operation.selectionSet, context, count, 1, [])
    if (count.depth > limits.depth) context.reportError(tooComplex(`This operation is nested deeper than ${limits.depth} levels.`))
    if (count.aliases > limits.aliases) context.reportError(tooComplex(`This operation has more than ${limits.aliases} aliases.`))
    if (count.directives > limits.directives)
      context.reportError(tooComplex(`This operation has more than ${limits.directives} directives.`))
    if (operation.operation === OperationTypeNode.MUTATION && count.roots > limits.mutations) {
      context.reportError(tooComplex(`One document may hold at most ${limits.mutations} mutations.`))
    }
  },
})

export const validationRules: ValidationRule[] = [operationLimits]

/** A list costs what it holds, times how many it is asked for. */
const estimator: ComplexityEstimator = ({ args, childComplexity, field }) => {
  const isConnection = field.args.some((argument) => argument.name === 'first')
  const ids: unknown = args['ids']
  const times = isConnection ? Number(args['first'] ?? args['last'] ?? defaultPage) : Array.isArray(ids) ? ids.length : 1
  return 1 + Math.max(times, 1) * childComplexity
}

/** Needs the variables, so it cannot be a validation rule of a stored document. */
export const complexityLimit: ApolloServerPlugin<Context> = {
  requestDidStart: () =>
    Promise.resolve({
      didResolveOperation({ schema, document, request, operationName }): Promise<void> {
        let complexity = 0
        try {
          complexity = getComplexity({
            schema,
            query: document,
            variables: request.variables ?? {},
            ...(operationName ? { operationName } : {}),
            estimators: [estimator],
          })
        } catch {
          // Variables that do not fit their types: execution says so, in its own words.
        }
        if (complexity > limits.complexity) {
          const message = `This operation is too complex: it may cost ${limits.complexity}, and costs ${complexity}. Ask for shorter lists or fewer fields.`
          throw new GraphQLError(message, { extensions: { code: 'OPERATION_TOO_COMPLEX', http: { status: 400, headers: new Map() } } })
        }
        return Promise.resolve()
      },
    }),
}
