/** Identifiers: a type prefix and the 32 hex digits of a UUIDv7 (RFC 9562 §5.7). */
import { randomUUID } from 'node:crypto'

const hex = /^[0-9a-f]{32}$/

/** True for text in the format of {@link newId}. Callers check external text before it reaches the database. */
export const isId = (text: unknown, prefix: string): text is string =>
  typeof text === 'string' && text.startsWith(`${prefix}_`) && hex.test(text.slice(prefix.length + 1))

let lastMs = 0
let counter = 0

/**
 * Creates an id that sorts after earlier ones, within a millisecond too: `rand_a` is a counter (RFC 9562 §6.2, method 1).
 * Ordered keys insert into the last page of an index; random keys would dirty a page each.
 */
export function newId(prefix: string, at: Date): string {
  const ms = at.getTime()
  if (ms > lastMs) [lastMs, counter] = [ms, 0]
  else if (++counter > 0xfff) [lastMs, counter] = [lastMs + 1, 0]
  const time = lastMs.toString(16).padStart(12, '0')
  const count = counter.toString(16).padStart(3, '0')
  // The last 64 bits, variant and `rand_b`, are the same in a UUIDv4 (§5.4).
  const variantAndRandom = randomUUID().slice(19).replace('-', '')
  return `${prefix}_${time}7${count}${variantAndRandom}`
}
