/** JSON values as every reader sees them, for what people see and what is compared. */
import { withoutTrailing } from '../trailing.js'
import { isExactNumber } from './strict-json.js'

/** Digits without leading and trailing zeros, and the power of ten behind them: equal for numbers that are equal. */
function decimal(source: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(source) ?? []
  const digits = `${whole}${fraction}`.replace(/^0+/, '')
  const bare = withoutTrailing(digits, '0')
  if (bare === '') return '0'
  return `${sign}${bare}e${Number(exponent) - fraction.length + digits.length - bare.length}`
}

const isPlainText = (text: string): boolean => text.isWellFormed() && !text.includes('\0')

/**
 * The value as any reader of I-JSON (RFC 7493 §2) sees it, its numbers as doubles. Undefined when it would be written in
 * more than `maxBytes`, which is found before more than that has been looked at, or when some reader would see something
 * else: a number that no double holds exactly, half of a surrogate pair, NUL (which PostgreSQL does not store).
 */
export function plainJson(value: unknown, maxBytes: number): unknown {
  // The least that what was looked at takes when it is written.
  let size = 0
  const isWithin = (bytes: number): boolean => (size += bytes) <= maxBytes
  const textOf = (text: string): string | undefined => (isWithin(text.length + 2) && isPlainText(text) ? text : undefined)
  const plain = (inner: unknown): unknown => {
    if (typeof inner === 'string') return textOf(inner)
    if (!isWithin(1)) return undefined
    if (typeof inner !== 'object' || inner === null) return inner
    if (isExactNumber(inner)) return decimal(inner.rawJSON) === decimal(String(Number(inner.rawJSON))) ? Number(inner.rawJSON) : undefined
    if (Array.isArray(inner)) return plainList(inner)
    const entries: [string, unknown][] = []
    for (const name of Object.keys(inner)) {
      const entry = textOf(name) === undefined || !isWithin(1) ? undefined : plain((inner as Record<string, unknown>)[name])
      if (entry === undefined) return undefined
      entries.push([name, entry])
    }
    return Object.fromEntries(entries)
  }
  const plainList = (list: readonly unknown[]): unknown[] | undefined => {
    const items: unknown[] = []
    for (const one of list) {
      const item = isWithin(1) ? plain(one) : undefined
      if (item === undefined) return undefined
      items.push(item)
    }
    return items
  }
  const result = plain(value)
  return result !== undefined && Buffer.byteLength(JSON.stringify(result)) <= maxBytes ? result : undefined
}
