/** Identifiers: a prefix that tells the kind, and the 32 hex digits of a UUIDv7 (RFC 9562 §5.7). */
import { randomFillSync } from 'node:crypto'

/** The two bits that every UUID has (§4.1), before two random ones. */
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

/** Whether a text has the form that {@link newId} gives: checked before a text from outside reaches the database. */
export const isId = (text: unknown, prefix: string): text is string =>
  typeof text === 'string' && text.startsWith(`${prefix}_`) && hex.test(text.slice(prefix.length + 1))

let lastMs = 0
let time = '000000000000'
let counter = 0

function tick(ms: number): void {
  lastMs = ms
  time = ms.toString(16).padStart(12, '0')
  counter = 0
}

/**
 * Rising even within a millisecond (RFC 9562 §6.2, method 1): the `rand_a` bits count.
 * Ordered keys keep an insert on the last page of every index; random ones dirty a page each.
 */
export function newId(prefix: string, at: Date): string {
  const ms = at.getTime()
  if (ms > lastMs) tick(ms)
  else if (++counter > 0xfff) tick(lastMs + 1)
  const count = (0x1000 + counter).toString(16).slice(1)
  const random = randomHex(16)
  const variant = variants[Number.parseInt(random.charAt(0), 16) & 0x3]!
  return `${prefix}_${time}7${count}${variant}${random.slice(1)}`
}
