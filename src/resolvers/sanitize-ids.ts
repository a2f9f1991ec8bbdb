/**
 * Replaces ID arguments that contain NUL with the empty id, which matches nothing.
 * Neither database accepts a NUL in a parameter, and no verb has to check for it.
 */
import {
  getNullableType,
  GraphQLID,
  isInputObjectType,
  isListType,
  type GraphQLFieldResolver,
  type GraphQLInputType,
  type GraphQLSchema,
} from 'graphql'

import type { Context } from '../context/context.js'

const containsNul = (value: unknown): boolean => typeof value === 'string' && value.includes('\0')

function sanitize(type: GraphQLInputType, value: unknown): unknown {
  const nullableType = getNullableType(type)
  if (nullableType === GraphQLID) return containsNul(value) ? '' : value
  if (isListType(nullableType)) return Array.isArray(value) ? value.map((item) => sanitize(nullableType.ofType, item)) : value
  if (!isInputObjectType(nullableType) || typeof value !== 'object' || value === null) return value
  const fields = nullableType.getFields()
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, fields[name] ? sanitize(fields[name].type, inner) : inner]))
}

/** Wraps the resolvers of all root fields. */
export function sanitizeIdArguments(schema: GraphQLSchema): void {
  const roots = [schema.getQueryType(), schema.getMutationType()]
  for (const field of roots.flatMap((root) => Object.values(root?.getFields() ?? {}))) {
    const resolve = field.resolve as GraphQLFieldResolver<unknown, Context>
    field.resolve = (source, args: Record<string, unknown>, ctx: Context, info) => {
      const sentArgs = field.args.filter(({ name }) => name in args)
      return resolve(source, Object.fromEntries(sentArgs.map(({ name, type }) => [name, sanitize(type, args[name])])), ctx, info)
    }
  }
}
