/** Describes errors of variables by path and type: the messages of graphql-js quote the values, secrets included. */
import {
  coerceInputValue,
  getNullableType,
  isInputObjectType,
  isInputType,
  isListType,
  isNonNullType,
  typeFromAST,
  type GraphQLInputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql'

/** Errors reported for one variable. */
const maxVariableErrors = 20
/** Thrown to stop the coercion at the limit. */
const limitReached = new Error('enough faults')

function typeAt(type: GraphQLInputType, path: readonly (string | number)[]): GraphQLInputType {
  const [step, ...rest] = path
  const bare = getNullableType(type)
  if (step === undefined) return type
  if (isListType(bare)) return typeAt(bare.ofType, typeof step === 'number' ? rest : path)
  const field = isInputObjectType(bare) ? bare.getFields()[step] : undefined
  return field ? typeAt(field.type, rest) : type
}

interface VariableContext {
  readonly name: string
  readonly type: GraphQLInputType
  /** Introspection is disabled, so messages do not name types or fields. */
  readonly isSchemaHidden: boolean
}

function describeVariableError(
  { name, type, isSchemaHidden }: VariableContext,
  path: readonly (string | number)[],
  value: unknown,
): string {
  const where = [name, ...path].join('.')
  const expected = typeAt(type, path)
  const bare = getNullableType(expected)
  if (isSchemaHidden) return `"${where}" does not match the type of its variable.`
  if (isInputObjectType(bare) && typeof value === 'object' && value !== null) {
    if (bare.isOneOf) return `"${where}" must have exactly one field of ${bare.name}, and its value must not be null.`
    const missing = Object.values(bare.getFields()).find(
      (field) => isNonNullType(field.type) && field.defaultValue === undefined && !(field.name in value),
    )
    return missing ? `"${where}.${missing.name}" is required.` : `"${where}" has a field that ${bare.name} does not define.`
  }
  return `"${where}" must be ${String(expected)}.`
}

/** Messages in the order of the variables; empty when all are valid. */
export function describeVariableErrors(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
  isSchemaHidden: boolean,
): string[] {
  return (operation.variableDefinitions ?? []).flatMap(({ variable, type: node, defaultValue }) => {
    const name = variable.name.value
    const type = typeFromAST(schema, node)
    if (!isInputType(type)) return []
    const value = variables[name]
    if (value === undefined) return isNonNullType(type) && !defaultValue ? [`"${name}" is required.`] : []
    if (value === null) return isNonNullType(type) ? [`"${name}" must not be null.`] : []
    const messages: string[] = []
    // Bounded, so that the response does not grow with a long invalid list.
    try {
      coerceInputValue(value, type, (path, invalid) => {
        messages.push(describeVariableError({ name, type, isSchemaHidden }, path, invalid))
        if (messages.length === maxVariableErrors) throw limitReached
      })
    } catch (error) {
      if (error !== limitReached) throw error
    }
    return messages
  })
}
