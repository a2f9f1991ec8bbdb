/** Finds every input position of type Secret in the schema, so that new operations are tested too. */
import {
  getNamedType,
  getNullableType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isScalarType,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLSchema,
} from 'graphql'

/** A fake secret in the format of an API key, which no organization owns. */
export const canary = 'kh_sand_CANARYxxCANARYxxCANARYxxCANARYxxCANARY'

export interface Position {
  readonly operation: 'query' | 'mutation'
  readonly field: string
  readonly argument: GraphQLArgument
  readonly path: readonly string[]
}

function pathsTo(type: GraphQLInputType, seen: readonly string[] = []): string[][] {
  const named = getNamedType(type)
  if (isScalarType(named) && named.name === 'Secret') return [[]]
  if (!isInputObjectType(named) || seen.includes(named.name)) return []
  return Object.values(named.getFields()).flatMap((field) =>
    pathsTo(field.type, [...seen, named.name]).map((rest) => [field.name, ...rest]),
  )
}

export const secretPositions = (schema: GraphQLSchema): Position[] =>
  (['query', 'mutation'] as const).flatMap((operation) =>
    Object.values((operation === 'query' ? schema.getQueryType() : schema.getMutationType())?.getFields() ?? {}).flatMap((field) =>
      field.args.flatMap((argument) => pathsTo(argument.type).map((path) => ({ operation, field: field.name, argument, path }))),
    ),
  )

/** The smallest valid value of a required type; undefined for a nullable one. */
function minimalValue(type: GraphQLInputType): unknown {
  if (!isNonNullType(type)) return undefined
  const bare = getNullableType(type)
  if (isListType(bare)) return []
  const named = getNamedType(bare)
  if (!isInputObjectType(named)) return { Int: 1, Float: 1, Boolean: true }[named.name] ?? 'x'
  const fields: GraphQLInputField[] = Object.values(named.getFields())
  return Object.fromEntries(
    fields.flatMap((field) =>
      field.defaultValue === undefined && isNonNullType(field.type) ? [[field.name, minimalValue(field.type)]] : [],
    ),
  )
}

/** An input with `value` at `path` and minimal values for the other required fields. */
export function inputWith(type: GraphQLInputType, path: readonly string[], value: unknown): unknown {
  const bare = getNullableType(type)
  if (isListType(bare)) return [inputWith(bare.ofType, path, value)]
  const [step, ...rest] = path
  const named = getNamedType(bare)
  if (step === undefined || !isInputObjectType(named)) return value
  return { ...(minimalValue(named.isOneOf ? named : bare) as object), [step]: inputWith(named.getFields()[step]!.type, rest, value) }
}
