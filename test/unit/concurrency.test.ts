/** Concurrency limits, keyed queues, and their sizes for a number of file descriptors. */
import { setImmediate } from 'node:timers/promises'

import { describe, expect, test } from '@jest/globals'

import { EnvReader } from '../../src/config/env-reader.js'
import { fitDescriptors, readLimits } from '../../src/config/limits-config.js'
import { ConcurrencyLimiter, KeyedQueue } from '../../src/lib/concurrency.js'

describe('ConcurrencyLimiter', () => {
  test('takes as many slots as there are, and one more when one was given back', () => {
    const limiter = new ConcurrencyLimiter()
    const first = limiter.acquire([['a', 2]])
    expect(limiter.acquire([['a', 2]])).toBeDefined()
    expect(limiter.acquire([['a', 2]])).toBeUndefined()
    first?.()
    first?.()
    expect(limiter.count('a')).toBe(1)
    expect(limiter.acquire([['a', 2]])).toBeDefined()
    expect(limiter.acquire([['a', 2]])).toBeUndefined()
  })

  test('takes no slot anywhere when one key is full', () => {
    const limiter = new ConcurrencyLimiter()
    limiter.acquire([['full', 1]])
    const slots = [
      ['free', 1],
      ['full', 1],
    ] as const
    expect(limiter.acquire(slots)).toBeUndefined()
    expect(limiter.count('free')).toBe(0)
  })
})

describe('KeyedQueue', () => {
  const held = (): { promise: Promise<void>; end: () => void } => {
    const { promise, resolve } = Promise.withResolvers<void>()
    return { promise, end: resolve }
  }

  test('runs in order, refuses what is beyond the queue, and leaves other keys alone', async () => {
    const queue = new KeyedQueue(1, 1, () => new Error('full'))
    const gate = held()
    const order: string[] = []
    const first = queue.run('a', async () => {
      await gate.promise
      order.push('first')
    })
    const second = queue.run('a', () => Promise.resolve(void order.push('second')))
    await expect(queue.run('a', () => Promise.resolve())).rejects.toThrow('full')
    await queue.run('b', () => Promise.resolve(void order.push('other key')))
    gate.end()
    await Promise.all([first, second])
    expect(order).toEqual(['other key', 'first', 'second'])
    await queue.run('a', () => Promise.resolve(void order.push('third')))
    expect(order).toHaveLength(4)
  })

  test('a task that fails gives its place on', async () => {
    const queue = new KeyedQueue(1, 1, () => new Error('full'))
    const failed = queue.run('a', async () => {
      await setImmediate()
      throw new Error('task')
    })
    const next = queue.run('a', () => Promise.resolve('done'))
    await expect(failed).rejects.toThrow('task')
    await expect(next).resolves.toBe('done')
  })
})

describe('fitDescriptors', () => {
  const defaults = readLimits(new EnvReader({}))

  test('leaves the defaults where the descriptors suffice for twice an organization', () => {
    expect(fitDescriptors(defaults, 4 * (1024 + 4000))).toEqual(defaults)
  })

  test('lowers them so that calls and streams of one organization fit half of the descriptors', () => {
    for (const descriptors of [4 * (1024 + 4000) - 1, 1024, 64]) {
      const limits = fitDescriptors(defaults, descriptors)
      expect(2 * (limits.callsPerOrganization + limits.streamsPerOrganization)).toBeLessThanOrEqual(descriptors / 2)
      expect(limits.callsPerKey).toBeLessThanOrEqual(limits.callsPerOrganization)
      expect(limits.streamsPerEndUser).toBeLessThanOrEqual(limits.streamsPerOrganization)
      expect(limits.approvalsPerKey).toBe(defaults.approvalsPerKey)
    }
  })
})
