/** The form of a document that Apollo Client, urql and graphql-request read variables and answer from. */
import type { DocumentNode } from 'graphql'

/** The same as `TypedDocumentNode` of @graphql-typed-document-node/core, which needs not be installed. */
export interface TypedDocument<Result, Variables> extends DocumentNode {
  /** Never there: carries the types alone. */
  readonly __apiType?: (variables: Variables) => Result
}
