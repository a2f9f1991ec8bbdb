/** The law of fixed windows, and that their counters do not grow without end. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'

import { FixedWindowLimiter, windowLengthsMs, windowNames, type WindowLimit } from '../../src/lib/fixed-window.js'

const limits = fc.uniqueArray(fc.record({ window: fc.constantFrom(...windowNames), max: fc.integer({ min: 1, max: 5 }) }), {
  selector: ({ window }) => window,
  minLength: 1,
})
const steps = fc.array(fc.oneof(fc.integer({ min: 0, max: 700 }), fc.integer({ min: 0, max: 50_000 })), { maxLength: 60 })

/** What the words say, written down another way: every admitted request, and from it the windows. */
function admits(log: readonly number[], { window, max }: WindowLimit, now: number): boolean {
  let start = -Infinity
  let used = 0
  for (const at of log) {
    if (at >= start + windowLengthsMs[window]) [start, used] = [at, 0]
    used++
  }
  return now >= start + windowLengthsMs[window] || used < max
}

describe('fixed windows', () => {
  test('admit a request when every window has room, and count nothing otherwise', () => {
    fc.assert(
      fc.property(limits, steps, (some, waits) => {
        const counters = new FixedWindowLimiter(10)
        const admitted: number[] = []
        let now = 1_000_000
        for (const wait of waits) {
          now += wait
          const expected = some.every((limit) => admits(admitted, limit, now))
          const { isAllowed, retryAfterMs, allowances } = counters.consume('k', some, now)
          expect(isAllowed).toBe(expected)
          if (isAllowed) admitted.push(now)
          else {
            // Not a moment too late, and not one too soon.
            expect(some.every((limit) => admits(admitted, limit, now + retryAfterMs))).toBe(true)
            expect(some.every((limit) => admits(admitted, limit, now + retryAfterMs - 1))).toBe(false)
          }
          expect(allowances.every(({ remaining, max }) => remaining >= 0 && remaining <= max)).toBe(true)
        }
      }),
    )
  })

  test('never end early when the clock goes back', () => {
    const counters = new FixedWindowLimiter(10)
    const one: WindowLimit[] = [{ window: 'SECOND', max: 1 }]
    expect(counters.consume('k', one, 5000).isAllowed).toBe(true)
    expect(counters.consume('k', one, 100)).toMatchObject({ isAllowed: false, retryAfterMs: 5900 })
    expect(counters.consume('k', one, 6000).isAllowed).toBe(true)
  })

  test('are kept for so many names only: first what ran out goes, then the oldest', () => {
    const counters = new FixedWindowLimiter(3)
    const one: WindowLimit[] = [{ window: 'SECOND', max: 1 }]
    for (const name of ['a', 'b', 'c']) counters.consume(name, one, 0)
    counters.consume('d', one, 500)
    expect(counters.size).toBe(3)
    expect(counters.consume('b', one, 500).isAllowed).toBe(false)
    expect(counters.consume('a', one, 500).isAllowed).toBe(true)
    counters.consume('e', one, 5000)
    expect(counters.size).toBe(1)
  })
})
