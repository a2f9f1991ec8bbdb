/** Tasks that run once for all who ask, and the wait for them at shutdown. */
import { expect, test } from '@jest/globals'

import { SingleFlight } from '../../src/lib/single-flight.js'

test('a task that runs is shared, and runs anew once it has ended', async () => {
  const tasks = new SingleFlight()
  let runs = 0
  const task = (): Promise<number> => Promise.resolve(++runs)
  expect(await Promise.all([tasks.run('a', task), tasks.run('a', task), tasks.run('b', task)])).toEqual([1, 1, 2])
  expect(await tasks.run('a', task)).toBe(3)
})

test('the wait ends with the tasks, failed ones too, and at its timeout', async () => {
  const tasks = new SingleFlight()
  let ended = 0
  const failing = tasks.run('fails', () => Promise.reject(new Error('no'))).catch(() => ended++)
  await tasks.settle(60_000)
  await failing
  expect(ended).toBe(1)
  void tasks.run('hangs', () => new Promise(() => undefined))
  await tasks.settle(1)
})
