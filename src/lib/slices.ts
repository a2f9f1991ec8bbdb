/** Long computations in slices, so that the event loop turns in between and no owner keeps another one waiting. */
import { startTimer } from './clock.js'
import { KeyedQueue } from './concurrency.js'

/** A computation that yields where it may pause, at least once a millisecond. */
export type Work<T> = Generator<undefined, T, undefined>

/** Milliseconds. Ordinary messages are done within the first slice. */
const firstSlice = 1
const laterSlice = 5

function advance<T>(work: Work<T>, milliseconds: number): IteratorResult<undefined, T> {
  const elapsed = startTimer()
  let step = work.next()
  while (step.done !== true && elapsed() * 1000 < milliseconds) step = work.next()
  return step
}

const turns: (() => void)[] = []

function takeTurn(): void {
  turns.shift()?.()
  if (turns.length > 0) setImmediate(takeTurn)
}

/** Resolves for one waiter in each turn of the event loop, in order of arrival. */
const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    if (turns.push(resolve) === 1) setImmediate(takeTurn)
  })

// One work of an owner at a time bounds the memory of half-done works, and shares the turns fairly among owners.
const lanes = new KeyedQueue(1, Number.POSITIVE_INFINITY, () => new Error('the queue has no end'))

/** Runs work to its end, pausing every few milliseconds. */
export async function runInSlices<T>(work: Work<T>, owner: string): Promise<T> {
  const first = advance(work, firstSlice)
  if (first.done === true) return first.value
  return lanes.run(owner, async () => {
    for (;;) {
      await nextTurn()
      const step = advance(work, laterSlice)
      if (step.done === true) return step.value
    }
  })
}

/** Runs work to its end without a pause, for input that is known to be small. */
export function runAtOnce<T>(work: Work<T>): T {
  let step = work.next()
  while (step.done !== true) step = work.next()
  return step.value
}
