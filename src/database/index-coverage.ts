/** Index coverage: distinguishes lists that read along an index from those that may scan all rows of the tenant. */
import type { EntityMetadata } from '@mikro-orm/core'

type Condition = Readonly<Record<PropertyKey, unknown>>

/** Properties that must equal one value; undefined for a condition of any other form. */
function equalProperties(condition: Condition): string[] | undefined {
  if (Object.getOwnPropertySymbols(condition).length > 0) return undefined
  const properties: string[] = []
  for (const [key, value] of Object.entries(condition)) {
    const isLeaf = typeof value !== 'object' || value === null || value instanceof Date
    const branches = key === '$and' ? (value as Condition[]).map(equalProperties) : [isLeaf && !key.startsWith('$') ? [key] : undefined]
    if (branches.includes(undefined)) return undefined
    properties.push(...branches.flat().map(String))
  }
  return properties
}

/**
 * True if an index consists of exactly the condition's columns, followed by the columns of the order.
 * A page then reads only the rows that it returns. Another column might skip all rows of the tenant before a match.
 */
export function isIndexed(
  meta: EntityMetadata,
  conditions: readonly Condition[],
  orderBy: readonly Readonly<Record<string, string>>[],
): boolean {
  const equal = equalProperties({ $and: conditions })
  if (!equal) return false
  const prefix = new Set(equal)
  const order = orderBy.flatMap(Object.keys)
  return meta.indexes.some(({ properties = [], where }) => {
    const columns = [properties].flat().map(String)
    return (
      where === undefined &&
      columns.length === prefix.size + order.length &&
      columns.slice(0, prefix.size).every((column) => prefix.has(column)) &&
      order.every((column, i) => columns[prefix.size + i] === column)
    )
  })
}
