/** Interoperable JSON values (I-JSON, RFC 7493), for display and comparison. */
import { trimTrailing } from '../trailing.js'
import { isExactNumber } from './strict-json.js'

/** Canonical form of a number: significant digits and a power of ten. Equal numbers have equal forms. */
function canonicalNumber(source: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(source) ?? []
  const digits = `${whole}${fraction}`.replace(/^0+/, '')
  const significant = trimTrailing(digits, '0')
  if (significant === '') return '0'
  return `${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`
}

const isPlainText = (text: string): boolean => text.isWellFormed() && !text.includes('\0')

/**
 * The value as an I-JSON reader sees it (RFC 7493 §2), with numbers as doubles.
 * Undefined when its text takes more than `maxBytes`; the traversal stops at that size.
 * Undefined also when readers would differ: a number that no double holds exactly, or a lone surrogate.
 * Undefined for NUL as well, which PostgreSQL does not store.
 */
export function toInteroperableJson(value: unknown, maxBytes: number): unknown {
  // Lower bound of the serialized size so far.
  let size = 0
  const fits = (bytes: number): boolean => (size += bytes) <= maxBytes
  const toPlainText = (text: string): string | undefined => (fits(text.length + 2) && isPlainText(text) ? text : undefined)
  const toPlainValue = (inner: unknown): unknown => {
    if (typeof inner === 'string') return toPlainText(inner)
    if (!fits(1)) return undefined
    if (typeof inner !== 'object' || inner === null) return inner
    if (isExactNumber(inner))
      return canonicalNumber(inner.rawJSON) === canonicalNumber(String(Number(inner.rawJSON))) ? Number(inner.rawJSON) : undefined
    if (Array.isArray(inner)) return toPlainList(inner)
    const entries: [string, unknown][] = []
    for (const name of Object.keys(inner)) {
      const entry = toPlainText(name) === undefined || !fits(1) ? undefined : toPlainValue((inner as Record<string, unknown>)[name])
      if (entry === undefined) return undefined
      entries.push([name, entry])
    }
    return Object.fromEntries(entries)
  }
  const toPlainList = (list: readonly unknown[]): unknown[] | undefined => {
    const items: unknown[] = []
    for (const item of list) {
      const plainItem = fits(1) ? toPlainValue(item) : undefined
      if (plainItem === undefined) return undefined
      items.push(plainItem)
    }
    return items
  }
  const result = toPlainValue(value)
  return result !== undefined && Buffer.byteLength(JSON.stringify(result)) <= maxBytes ? result : undefined
}
