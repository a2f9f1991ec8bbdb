/**
 * Replaces ID arguments that contain NUL with the empty id, which matches nothing.
 * Neither database accepts a NUL in a parameter, and no verb has to check for it.
 */
import { getNullableType, GraphQLID, isInputObjectType, isListType, type GraphQLInputType } from 'graphql'
import type { ResolverData } from 'type-graphql'

const containsNul = (value: unknown): boolean => typeof value === 'string' && value.includes('\0')

function sanitize(type: GraphQLInputType, value: unknown): unknown {
  const nullableType = getNullableType(type)
  if (nullableType === GraphQLID) return containsNul(value) ? '' : value
  if (isListType(nullableType)) return Array.isArray(value) ? value.map((item) => sanitize(nullableType.ofType, item)) : value
  if (!isInputObjectType(nullableType) || typeof value !== 'object' || value === null) return value
  const fields = nullableType.getFields()
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, fields[name] ? sanitize(fields[name].type, inner) : inner]))
}

/** Sanitizes the arguments of a root field in place: graphql-js makes a new object for each call. */
export function sanitizeIds({ args, info }: ResolverData): void {
  const field = info.parentType.getFields()[info.fieldName]
  for (const { name, type } of field?.args ?? []) if (name in args) args[name] = sanitize(type, args[name])
}
