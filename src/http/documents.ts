/** Documents that were parsed and found valid, so that one that comes again costs neither. */
import {
  GraphQLError,
  Kind,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  validate,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql'

import { RequestError, type RequestErrorCode } from '../errors.js'
import { complexityOf, type Variables } from './complexity.js'
import type { Cost } from './field-cost.js'
import { limits, validationRules } from './limits.js'
import { operationOf } from './story.js'

/** Characters of all that are kept: their trees take some fifty times as much, and a small document as much as a page. */
const mostCharacters = 500_000
const sizeOf = (text: string): number => text.length + 200

export interface Operation {
  readonly document: DocumentNode
  readonly node: OperationDefinitionNode
  /** In the schema's words. */
  readonly label: string
  complexity(variables: Variables): Cost
}

/** What cannot be executed, and why. */
export class UnfitDocument {
  constructor(
    readonly code: RequestErrorCode,
    readonly errors: readonly GraphQLError[],
  ) {}
}

export class Documents {
  readonly #known = new Map<string, readonly Operation[]>()
  #characters = 0
  readonly #rules

  constructor(
    private readonly schema: GraphQLSchema,
    private readonly isSchemaHidden: boolean,
  ) {
    this.#rules = [...validationRules, ...specifiedRules, ...(isSchemaHidden ? [NoSchemaIntrospectionCustomRule] : [])]
  }

  /** @throws RequestError BAD_REQUEST when a document that is fit does not hold the operation. */
  find(text: string, name: string | undefined): Operation | UnfitDocument {
    const operations = this.#recall(text) ?? this.#learn(text)
    if (operations instanceof UnfitDocument) return operations
    const [operation, second] = name === undefined ? operations : operations.filter(({ node }) => node.name?.value === name)
    // It would quote the name that was asked for.
    if (!operation || second) throw new RequestError('BAD_REQUEST', 'Say by "operationName" which operation of the document is meant.')
    return operation
  }

  #learn(text: string): readonly Operation[] | UnfitDocument {
    let document: DocumentNode
    try {
      document = parse(text, { maxLexicalTokens: limits.tokens })
    } catch (error) {
      // Anything else than a syntax error: so deep that the parser ran out of stack.
      return new UnfitDocument('GRAPHQL_PARSE_FAILED', [error instanceof GraphQLError ? error : new GraphQLError('')])
    }
    const errors = validate(this.schema, document, this.#rules, { maxErrors: limits.errors, hideSuggestions: this.isSchemaHidden })
    if (errors.length > 0) return new UnfitDocument('GRAPHQL_VALIDATION_FAILED', errors)
    const operations = document.definitions
      .filter((definition) => definition.kind === Kind.OPERATION_DEFINITION)
      .map((node) => ({ document, node, label: operationOf(node, document), complexity: complexityOf(this.schema, document, node) }))
    this.#keep(text, operations)
    return operations
  }

  #recall(text: string): readonly Operation[] | undefined {
    const operations = this.#known.get(text)
    if (operations) {
      this.#known.delete(text)
      this.#known.set(text, operations)
    }
    return operations
  }

  /** The one that was not asked for longest is forgotten first. */
  #keep(text: string, operations: readonly Operation[]): void {
    this.#known.set(text, operations)
    this.#characters += sizeOf(text)
    for (const [oldest] of this.#known) {
      if (this.#characters <= mostCharacters) break
      this.#known.delete(oldest)
      this.#characters -= sizeOf(oldest)
    }
  }
}
