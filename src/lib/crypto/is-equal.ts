/** Comparison of MACs in a time that does not tell where they differ. */
import { timingSafeEqual } from 'node:crypto'

export function isEqual(actual: string, expected: string): boolean {
  const [a, b] = [Buffer.from(actual), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
