/** What a field costs by its type: queries are dear, since the database works for each; what they return counts by its size. */
import { getNamedType, getNullableType, isLeafType, isListType, isObjectType, type GraphQLField, type GraphQLNamedType } from 'graphql'

import { JsonObjectScalar } from '../entities/scalars.js'
import { maxPageSize } from '../pagination/page.js'

export interface Cost {
  readonly points: number
  /** Fields `totalCount` of the lists within, as often as these are answered. */
  readonly counts: number
  /** Fields `totalCount` of the list around them, whose size does not multiply them. */
  readonly ownCounts: number
}

/** Points of a list, a count or an aggregate, however little it returns. */
export const queryPoints = 50
/** Points of a JSON object: the arguments of a tool call have 64 KiB. */
export const objectPoints = 25
/** Entries that a list without pages stands for, and points of a list of texts. */
export const plainListSize = 10

const cost = (points: number, counts = 0, ownCounts = 0): Cost => ({ points, counts, ownCounts })
export const free = cost(0)
export const introspection = cost(1)
export const sum = (a: Cost, b: Cost): Cost => cost(a.points + b.points, a.counts + b.counts, a.ownCounts + b.ownCounts)
export const higher = (a: Cost, b: Cost): Cost =>
  cost(Math.max(a.points, b.points), Math.max(a.counts, b.counts), Math.max(a.ownCounts, b.ownCounts))

/** What is selected within a field, once for each entry. */
export const multiply = (entries: number, { points, counts, ownCounts }: Cost): Cost =>
  cost(entries * points + ownCounts * queryPoints, entries * counts + ownCounts)

type Field = GraphQLField<unknown, unknown>

const isList = ({ type }: Field): boolean => isListType(getNullableType(type))
const takes = ({ args }: Field, argument: string): boolean => args.some(({ name }) => name === argument)
export const isConnection = (field: Field): boolean => takes(field, 'first')
/** `edges` and `nodes`: the connection has multiplied them already. */
const isWithinConnection = (parent: GraphQLNamedType): boolean => isObjectType(parent) && 'pageInfo' in parent.getFields()
/** `usage` and `projects`: a query whose rows have no pages. */
const isListQuery = (field: Field, parent: GraphQLNamedType): boolean => parent.name === 'Query' && isList(field) && !takes(field, 'ids')

/** The cost of a field itself, apart from what is selected within it. */
export function fieldCost(field: Field, parent: GraphQLNamedType): Cost {
  if (field.name === 'totalCount') return cost(0, 0, 1)
  if (isConnection(field) || isListQuery(field, parent)) return cost(1 + queryPoints)
  const type = getNamedType(field.type)
  if (type === JsonObjectScalar) return cost(objectPoints)
  return cost(isList(field) && isLeafType(type) ? plainListSize : 1)
}

/** Rows of a field whose arguments do not tell: 1 when it is no list. */
export function expectedEntries(field: Field, parent: GraphQLNamedType): number {
  if (!isList(field) || takes(field, 'ids') || isWithinConnection(parent)) return 1
  return isListQuery(field, parent) ? maxPageSize : plainListSize
}
