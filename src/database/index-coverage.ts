/** Tells lists that are read along an index from those that may have to look at every row of the tenant. */
import type { EntityMetadata } from '@mikro-orm/core'

type Condition = Readonly<Record<PropertyKey, unknown>>

/** The properties that must equal one value; undefined when the condition asks for anything else. */
function equalities(condition: Condition): string[] | undefined {
  if (Object.getOwnPropertySymbols(condition).length > 0) return undefined
  const found: string[] = []
  for (const [key, value] of Object.entries(condition)) {
    const isLeaf = typeof value !== 'object' || value === null || value instanceof Date
    const inner = key === '$and' ? (value as Condition[]).map(equalities) : [isLeaf && !key.startsWith('$') ? [key] : undefined]
    if (inner.includes(undefined)) return undefined
    found.push(...inner.flat().map(String))
  }
  return found
}

/**
 * Whether an index begins with exactly what the conditions ask for and goes on in the order of the list. A page then
 * reads no row that it does not return; any other column might skip all rows of the tenant before it finds one.
 */
export function isIndexed(
  meta: EntityMetadata,
  conditions: readonly Condition[],
  orderBy: readonly Readonly<Record<string, string>>[],
): boolean {
  const equal = equalities({ $and: conditions })
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
