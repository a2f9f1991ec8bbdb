/** Identifiers: a prefix that tells the kind, and the 32 hex digits of a UUIDv7 (RFC 9562 §5.7). */
import { randomFillSync } from 'node:crypto'

const pool = Buffer.alloc(4096)
let used = pool.length

function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += bytes
  return pool.toString('hex', used - bytes, used)
}

let lastMs = 0
let counter = 0

/**
 * Rising even within a millisecond (RFC 9562 §6.2, method 1): the `rand_a` bits count.
 * Ordered keys keep an insert on the last page of every index; random ones dirty a page each.
 */
export function newId(prefix: string, at: Date): string {
  const ms = at.getTime()
  if (ms > lastMs) {
    lastMs = ms
    counter = 0
  } else if (++counter > 0xfff) {
    lastMs++
    counter = 0
  }
  const time = lastMs.toString(16).padStart(12, '0')
  const count = counter.toString(16).padStart(3, '0')
  const random = randomHex(8)
  const variant = ((parseInt(random.charAt(0), 16) & 0x3) | 0x8).toString(16)
  return `${prefix}_${time}7${count}${variant}${random.slice(1)}`
}
