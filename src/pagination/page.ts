/** Keyset pagination in both directions, with the id as tie-breaker: stable while rows are inserted. */

export const maxPageSize = 100
export const defaultPageSize = 20

/** Arguments of a Relay connection. */
export interface PageArguments {
  readonly first?: number | null | undefined
  readonly after?: string | null | undefined
  readonly last?: number | null | undefined
  readonly before?: string | null | undefined
}

/** Sort order of a list; the id breaks ties. */
export interface Order {
  /** Entity property that the list is sorted by. */
  readonly field: string
  /** Whether the property is nullable; null sorts as the smallest value. Set only where needed: no index has that order. */
  readonly hasNulls?: boolean
  readonly direction: 'ASC' | 'DESC'
}

/** Type of the sort property. A cursor with a value of another type was not issued by this list. */
export type SortValueType = 'date' | 'text'

/** One page as a query: conditions, order and limit. `isBackward` means that the rows come in reverse order. */
export interface PageQuery {
  readonly limit: number
  readonly isBackward: boolean
  readonly where: Record<string, unknown>
  readonly orderBy: Record<string, string>[]
}

/** Invalid page arguments or cursor. */
export class PageArgumentError extends Error {
  override readonly name = 'PageArgumentError'
}

type Position = readonly [value: string | number | null, id: string, isDate: boolean]

/** @param value the row's value of the sort property */
export function encodeCursor(value: unknown, id: string): string {
  const position = value instanceof Date ? [value.getTime(), id, true] : [value ?? null, id, false]
  return Buffer.from(JSON.stringify(position)).toString('base64url')
}

/** First millisecond of the year 10000: ISO 8601 and the databases expect years of four digits. */
const maxTimestampMs = 253_402_300_800_000

/** @throws PageArgumentError for a cursor that this list did not issue. */
function decodeCursor(cursor: string, by: SortValueType): Position {
  try {
    const decoded: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (!Array.isArray(decoded) || decoded.length !== 3) throw new PageArgumentError()
    const [value, id, isDate]: unknown[] = decoded
    const isValue =
      isDate === true
        ? by === 'date' && Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) < maxTimestampMs
        : isDate === false && (value === null || (by === 'text' && typeof value === 'string' && !value.includes('\0')))
    if (typeof id !== 'string' || id.length > 100 || id.includes('\0') || !isValue) throw new PageArgumentError()
    return [value as string | number | null, id, isDate === true]
  } catch {
    throw new PageArgumentError(
      'The cursor was not issued by this list. Use "startCursor" or "endCursor" of this list with the same filter and order.',
    )
  }
}

/** Condition for the rows after a position in this order. */
function afterCursor(position: Position, { field, direction, hasNulls }: Order): Record<string, unknown> {
  const [raw, id, isDate] = position
  const step = direction === 'ASC' ? '$gt' : '$lt'
  if (field === 'id') return { id: { [step]: id } }
  const value = isDate ? new Date(Number(raw)) : raw
  const tie = { [field]: value, id: { [step]: id } }
  // The first condition is redundant, but lets the index scan start at the position.
  if (!hasNulls && value !== null) return { [field]: { [`${step}e`]: value }, $or: [{ [field]: { [step]: value } }, tie] }
  if (value === null) return direction === 'ASC' ? { $or: [tie, { [field]: { $ne: null } }] } : tie
  return { $or: [{ [field]: { [step]: value } }, tie, ...(direction === 'DESC' ? [{ [field]: null }] : [])] }
}

const opposite = { ASC: 'DESC', DESC: 'ASC' } as const

/** @throws PageArgumentError for a size outside 1 to 100, both directions at once, or a cursor that this list did not issue. */
export function toPageQuery(page: PageArguments, order: Order, by: SortValueType): PageQuery {
  const { first, last } = page
  if (first != null && last != null) throw new PageArgumentError('"first" and "last" must not be used together. Omit one of them.')
  const limit = first ?? last ?? defaultPageSize
  if (limit < 1 || limit > maxPageSize)
    throw new PageArgumentError(`"${last == null ? 'first' : 'last'}" must be from 1 to ${maxPageSize}.`)
  const isBackward = last != null
  const bounds = [
    ...(page.after == null ? [] : [afterCursor(decodeCursor(page.after, by), order)]),
    ...(page.before == null ? [] : [afterCursor(decodeCursor(page.before, by), { ...order, direction: opposite[order.direction] })]),
  ]
  const direction = isBackward ? opposite[order.direction] : order.direction
  const nulls = order.hasNulls ? (direction === 'ASC' ? 'ASC NULLS FIRST' : 'DESC NULLS LAST') : direction
  return {
    limit,
    isBackward,
    where: bounds.length > 0 ? { $and: bounds } : {},
    orderBy: order.field === 'id' ? [{ id: direction }] : [{ [order.field]: nulls }, { id: direction }],
  }
}
