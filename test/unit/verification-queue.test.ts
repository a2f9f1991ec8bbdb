/** When signatures of one address are verified, after some of them failed. */
import { describe, expect, test } from '@jest/globals'

import { maxFailedSignatures, queuedVerificationsPerSecond, VerificationQueue } from '../../src/rate-limits/verification-queue.js'

const start = new Date('2026-06-01T12:00:00.000Z')
const after = (ms: number): Date => new Date(start.getTime() + ms)
const present = (): boolean => false
const address = '203.0.113.7'

function failing(times: number): VerificationQueue {
  const queue = new VerificationQueue()
  for (let i = 0; i < times; i++) queue.recordFailure(address, start)
  return queue
}

/** Milliseconds that so many verifications take that are asked for at once. */
async function timeOf(queue: VerificationQueue, count: number, at = start, from = address): Promise<number> {
  const began = performance.now()
  await Promise.all(Array.from({ length: count }, () => queue.waitForTurn(from, at, present)))
  return performance.now() - began
}
const interval = 1000 / queuedVerificationsPerSecond
const queued = 9 * interval - 5

describe('verifications of an address', () => {
  test.each([
    [maxFailedSignatures - 1, false],
    [maxFailedSignatures, true],
    [maxFailedSignatures + 1, true],
  ])('after %i failed signatures in a minute queue: %s', async (times, isQueued) => {
    expect((await timeOf(failing(times), 10)) >= queued).toBe(isQueued)
  })

  test.each([
    [59_999, true],
    [60_000, false],
  ])('%i ms after the first failure queue: %s', async (ms, isQueued) => {
    expect((await timeOf(failing(maxFailedSignatures), 10, after(ms))) >= queued).toBe(isQueued)
  })

  test('keep their distance when they come one after the other', async () => {
    const queue = failing(maxFailedSignatures)
    const began = performance.now()
    for (let i = 0; i < 5; i++) await queue.waitForTurn(address, start, present)
    expect(performance.now() - began).toBeGreaterThanOrEqual(4 * interval - 5)
  })

  test('of another address do not wait; those of the same /64 of IPv6 do', async () => {
    expect(await timeOf(failing(maxFailedSignatures), 100, start, '203.0.113.8')).toBeLessThan(queued)
    const queue = new VerificationQueue()
    for (let i = 0; i < maxFailedSignatures; i++) queue.recordFailure(`2001:db8::${i.toString(16)}`, start)
    expect(await timeOf(queue, 10, start, '2001:db8::ffff')).toBeGreaterThanOrEqual(queued)
    expect(await timeOf(queue, 10, start, '2001:db8:0:1::1')).toBeLessThan(queued)
  })

  test('whose client has left take no turn', async () => {
    const queue = failing(maxFailedSignatures)
    const began = performance.now()
    const gone = Array.from({ length: 1000 }, () => queue.waitForTurn(address, start, () => true))
    expect(await queue.waitForTurn(address, start, present)).toBe(true)
    expect(performance.now() - began).toBeLessThan(500)
    // The first found no queue.
    expect((await Promise.all(gone)).filter(Boolean)).toHaveLength(1)
  })
})
