/** Types of default-document.js. */
import type { GraphQLField, GraphQLSchema } from 'graphql'

export interface SchemaOperation {
  readonly kind: 'query' | 'mutation'
  readonly field: GraphQLField<unknown, unknown>
}

/** The document that an operation starts with. */
export declare function defaultDocument(operation: SchemaOperation, schema: GraphQLSchema): string
