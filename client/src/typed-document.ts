/** Typed document that Apollo Client, urql and graphql-request infer variables and result from. */
import type { DocumentNode } from 'graphql'

/** Compatible with `TypedDocumentNode` of @graphql-typed-document-node/core, which need not be installed. */
export interface TypedDocument<Result, Variables> extends DocumentNode {
  /** Exists in the type only; carries `Result` and `Variables`. */
  readonly __apiType?: (variables: Variables) => Result
}
