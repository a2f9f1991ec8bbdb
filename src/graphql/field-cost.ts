/** Cost of a field by its type: database queries are expensive, and results cost by their size. */
import { getNamedType, getNullableType, isLeafType, isListType, isObjectType, type GraphQLField, type GraphQLNamedType } from 'graphql'

import { JsonObjectScalar } from '../entities/scalars.js'
import { maxPageSize } from '../pagination/page.js'

export interface Cost {
  readonly points: number
  /** `totalCount` fields of nested lists, multiplied by the number of those lists. */
  readonly counts: number
  /** `totalCount` fields of the enclosing list, whose size does not multiply them. */
  readonly ownCounts: number
}

/** Points of a list, a count or an aggregate, besides its entries. */
export const queryPoints = 50
/** Points of a JSON object, and of a field marked `isLarge`: the arguments of a tool call can have 64 KiB. */
export const objectPoints = 25
/** Entries assumed for a list without pagination, and points of a list of scalars. */
export const plainListSize = 10

const cost = (points: number, counts = 0, ownCounts = 0): Cost => ({ points, counts, ownCounts })
export const zeroCost = cost(0)
export const introspectionCost = cost(1)
export const addCosts = (a: Cost, b: Cost): Cost => cost(a.points + b.points, a.counts + b.counts, a.ownCounts + b.ownCounts)
export const maxCost = (a: Cost, b: Cost): Cost =>
  cost(Math.max(a.points, b.points), Math.max(a.counts, b.counts), Math.max(a.ownCounts, b.ownCounts))

/** Cost of a selection set, once for each entry of its list. */
export const multiply = (entries: number, { points, counts, ownCounts }: Cost): Cost =>
  cost(entries * points + ownCounts * queryPoints, entries * counts + ownCounts)

type Field = GraphQLField<unknown, unknown>

const isList = ({ type }: Field): boolean => isListType(getNullableType(type))
const hasArgument = ({ args }: Field, argument: string): boolean => args.some(({ name }) => name === argument)
export const isConnection = (field: Field): boolean => hasArgument(field, 'first')
/** `edges` and `nodes`: the connection field has already multiplied them. */
const isWithinConnection = (parent: GraphQLNamedType): boolean => isObjectType(parent) && 'pageInfo' in parent.getFields()
/** `usage` and `projects`: a query without pagination. */
const isListQuery = (field: Field, parent: GraphQLNamedType): boolean =>
  parent.name === 'Query' && isList(field) && !hasArgument(field, 'ids')

/** Number in an extension of the field; 0 without it. `queries`: queries that it runs. `entries`: maximum entries of its list. */
function costExtension({ extensions }: Field, name: 'queries' | 'entries'): number {
  const value = extensions[name]
  return typeof value === 'number' ? value : 0
}

/** Cost of a field itself, without its selection set. */
export function fieldCost(field: Field, parent: GraphQLNamedType): Cost {
  if (field.name === 'totalCount') return cost(0, 0, 1)
  const queries = costExtension(field, 'queries')
  if (queries > 0) return cost(1 + queries * queryPoints)
  if (isConnection(field) || isListQuery(field, parent)) return cost(1 + queryPoints)
  const type = getNamedType(field.type)
  if (type === JsonObjectScalar || field.extensions['isLarge'] === true) return cost(objectPoints)
  return cost(isList(field) && isLeafType(type) ? plainListSize : 1)
}

/** Entries assumed for a field without size arguments; 1 when it is not a list. */
export function expectedEntries(field: Field, parent: GraphQLNamedType): number {
  if (!isList(field) || hasArgument(field, 'ids') || isWithinConnection(parent)) return 1
  const entries = costExtension(field, 'entries')
  if (entries > 0) return entries
  return isListQuery(field, parent) ? maxPageSize : plainListSize
}
