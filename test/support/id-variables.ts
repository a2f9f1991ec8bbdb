/** Replaces ids in the variables of an operation and normalizes its responses for comparison. */
import { getNamedType, getNullableType, isInputObjectType, isListType, type GraphQLInputType } from 'graphql'

import { buildSchema } from '../../src/schema.js'
import type { Answer } from './app.js'

const schema = buildSchema()
export const fields = { ...schema.getQueryType()!.getFields(), ...schema.getMutationType()!.getFields() }
export const mutationNames: ReadonlySet<string> = new Set(Object.keys(schema.getMutationType()!.getFields()))

function pathsWithin(type: GraphQLInputType, path: string): string[] {
  const named = getNamedType(type)
  if (isInputObjectType(named)) return Object.values(named.getFields()).flatMap((field) => pathsWithin(field.type, `${path}.${field.name}`))
  return named.name === 'ID' ? [path] : []
}

/** Paths of all arguments and input fields of type ID. */
export const idPathsOf = (field: string): string[] => fields[field]!.args.flatMap((argument) => pathsWithin(argument.type, argument.name))

function isList(field: string, path: string): boolean {
  const [name, ...steps] = path.split('.')
  let type = fields[field]!.args.find((argument) => argument.name === name)?.type
  for (const step of steps) {
    const named = type && getNamedType(type)
    type = isInputObjectType(named) ? named.getFields()[step]?.type : undefined
  }
  return type !== undefined && isListType(getNullableType(type))
}

const put = (at: unknown, [step, ...rest]: string[], value: unknown): object => ({
  ...(at as object),
  [step!]: rest.length > 0 ? put(Reflect.get(Object(at), step!) ?? {}, rest, value) : value,
})

/** The variables with `id` at `path`. */
export const withId = (field: string, variables: object, path: string, id: string): object =>
  put(variables, path.split('.'), isList(field, path) ? [id] : id)

/** Status and body of a response without its request id, which differs for each request. */
export const statusAndBody = ({ status, text }: Answer): { status: number; body: string } => ({
  status,
  body: text.replaceAll(/"requestId":"[^"]*"/g, '"requestId":""'),
})
