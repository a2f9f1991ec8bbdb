/**
 * What cannot be an id is nobody's: a text with a NUL in an argument of type ID becomes the empty one, which names nothing.
 * Neither database can be asked about a NUL, and no verb has to remember that.
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

function lawful(type: GraphQLInputType, value: unknown): unknown {
  const bare = getNullableType(type)
  if (bare === GraphQLID) return containsNul(value) ? '' : value
  if (isListType(bare)) return Array.isArray(value) ? value.map((item) => lawful(bare.ofType, item)) : value
  if (!isInputObjectType(bare) || typeof value !== 'object' || value === null) return value
  const fields = bare.getFields()
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, fields[name] ? lawful(fields[name].type, one) : one]))
}

export function sanitizeIdArguments(schema: GraphQLSchema): void {
  const roots = [schema.getQueryType(), schema.getMutationType()]
  for (const field of roots.flatMap((root) => Object.values(root?.getFields() ?? {}))) {
    const resolve = field.resolve as GraphQLFieldResolver<unknown, Context>
    field.resolve = (source, args: Record<string, unknown>, ctx: Context, info) => {
      const given = field.args.filter(({ name }) => name in args)
      return resolve(source, Object.fromEntries(given.map(({ name, type }) => [name, lawful(type, args[name])])), ctx, info)
    }
  }
}
