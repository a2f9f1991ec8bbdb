/** Long works in slices: the loop turns in between, and owners take turns. */
import { setImmediate } from 'node:timers/promises'

import { expect, test } from '@jest/globals'

import { runToCompletion, runInSlices, type SlicedComputation } from '../../src/lib/slices.js'
import { measureStall } from '../support/event-loop-stall.js'

/** Pauses after each of so many spins of about a tenth of a millisecond. */
function* spin(times: number, done = (): void => undefined): SlicedComputation<number> {
  for (let i = 0; i < times; i++) {
    const from = performance.now()
    while (performance.now() - from < 0.1);
    yield
  }
  done()
  return times
}

test('a short computation ends within the call', async () => {
  let isDone = false
  function* short(): SlicedComputation<string> {
    yield
    yield
    isDone = true
    return 'result'
  }
  const running = runInSlices(short(), 'a')
  expect(isDone).toBe(true)
  expect(await running).toBe('result')
})

test('many works at a time hold the loop no longer than one', async () => {
  const { result, longestMs } = await measureStall(async () => {
    const works: Promise<number>[] = []
    for (let i = 0; i < 40; i++) {
      works.push(runInSlices(spin(100), `owner-${i}`))
      await setImmediate()
    }
    return Promise.all(works)
  })
  expect(result).toHaveLength(40)
  expect(longestMs).toBeLessThan(50)
})

test('one owner with many works does not make another one wait for them', async () => {
  const ended: string[] = []
  const works = Array.from({ length: 10 }, () =>
    runInSlices(
      spin(400, () => ended.push('many')),
      'many',
    ),
  )
  const one = runInSlices(
    spin(400, () => ended.push('one')),
    'one',
  )
  await Promise.all([...works, one])
  expect(ended.indexOf('one')).toBeLessThanOrEqual(2)
})

test('work that fails lets the next one of its owner go on', async () => {
  function* failing(): SlicedComputation<number> {
    yield* spin(50)
    throw new Error('it failed')
  }
  const [failed, next] = await Promise.allSettled([runInSlices(failing(), 'a'), runInSlices(spin(50), 'a')])
  expect(failed).toMatchObject({ status: 'rejected', reason: { message: 'it failed' } })
  expect(next).toMatchObject({ status: 'fulfilled', value: 50 })
})

test('runToCompletion runs a long computation without a pause', () => {
  expect(runToCompletion(spin(30))).toBe(30)
})
