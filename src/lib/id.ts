/** Identifiers: a type prefix and the 32 hex digits of a UUIDv7 (RFC 9562 §5.7). */
import { randomFillSync } from 'node:crypto'

/** Hex digits that hold the two variant bits (§4.1) and two random bits. */
const variants = ['8', '9', 'a', 'b']

const bytes = Buffer.alloc(4096)
let pool = ''
let used = 0

function randomHex(digits: number): string {
  if (used + digits > pool.length) {
    pool = randomFillSync(bytes).toString('hex')
    used = 0
  }
  used += digits
  return pool.slice(used - digits, used)
}

const hex = /^[0-9a-f]{32}$/

/** True for text in the format of {@link newId}. Callers check external text before it reaches the database. */
export const isId = (text: unknown, prefix: string): text is string =>
  typeof text === 'string' && text.startsWith(`${prefix}_`) && hex.test(text.slice(prefix.length + 1))

let lastMs = 0
let timeHex = '000000000000'
let counter = 0

function advanceTime(ms: number): void {
  lastMs = ms
  timeHex = ms.toString(16).padStart(12, '0')
  counter = 0
}

/**
 * Creates an id that sorts after earlier ones, within a millisecond too: `rand_a` is a counter (RFC 9562 §6.2, method 1).
 * Ordered keys insert into the last page of an index; random keys would dirty a page each.
 */
export function newId(prefix: string, at: Date): string {
  const ms = at.getTime()
  if (ms > lastMs) advanceTime(ms)
  else if (++counter > 0xfff) advanceTime(lastMs + 1)
  const count = (0x1000 + counter).toString(16).slice(1)
  const random = randomHex(16)
  const variant = variants[Number.parseInt(random.charAt(0), 16) & 0x3]!
  return `${prefix}_${timeHex}7${count}${variant}${random.slice(1)}`
}
