/** Labels an operation by its root fields, for the log and for traces. */
import { Kind, type DocumentNode, type OperationDefinitionNode } from 'graphql'

const maxFields = 5

/** `mutation createApiKey revokeApiKey`. Expects a valid document, so every name is the schema's. */
export function describeOperation(operation: OperationDefinitionNode, document: DocumentNode): string {
  const fields = new Set<string>()
  const seen = new Set<object>()
  const gather = ({ selectionSet }: Pick<OperationDefinitionNode, 'selectionSet'>): void => {
    for (const selection of selectionSet.selections) {
      if (selection.kind === Kind.FIELD) fields.add(selection.name.value)
      else if (selection.kind === Kind.INLINE_FRAGMENT) gather(selection)
      else {
        const fragment = document.definitions.find(
          (definition) => definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === selection.name.value,
        )
        if (fragment?.kind !== Kind.FRAGMENT_DEFINITION || seen.has(fragment)) continue
        seen.add(fragment)
        gather(fragment)
      }
    }
  }
  gather(operation)
  return [operation.operation, ...[...fields].slice(0, maxFields), ...(fields.size > maxFields ? ['…'] : [])].join(' ')
}
