/** Time-sliced computations, which do not block the event loop and share it fairly among owners. */
import { startTimer } from './clock.js'
import { KeyedQueue } from './concurrency.js'

/** Computation that yields where it may pause, at least once a millisecond. */
export type SlicedComputation<T> = Generator<undefined, T, undefined>

/** Milliseconds of the first and each later slice. Ordinary messages finish in the first. */
const firstSliceMs = 1
const laterSliceMs = 5

function advance<T>(work: SlicedComputation<T>, maxMs: number): IteratorResult<undefined, T> {
  const elapsed = startTimer()
  let step = work.next()
  while (step.done !== true && elapsed() * 1000 < maxMs) step = work.next()
  return step
}

const waiters: (() => void)[] = []

function resumeNextWaiter(): void {
  waiters.shift()?.()
  if (waiters.length > 0) setImmediate(resumeNextWaiter)
}

/** Waits for a turn of the event loop. One waiter resumes in each turn, in order of arrival. */
const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    if (waiters.push(resolve) === 1) setImmediate(resumeNextWaiter)
  })

// One computation of an owner at a time bounds memory and shares the event loop fairly among owners.
const ownerQueue = new KeyedQueue(1, Number.POSITIVE_INFINITY, () => new Error('the queue is unbounded'))

/** Runs a computation to its end, pausing every few milliseconds. */
export async function runInSlices<T>(work: SlicedComputation<T>, owner: string): Promise<T> {
  const first = advance(work, firstSliceMs)
  if (first.done === true) return first.value
  return ownerQueue.run(owner, async () => {
    for (;;) {
      await nextTurn()
      const step = advance(work, laterSliceMs)
      if (step.done === true) return step.value
    }
  })
}

/** Runs a computation to its end without a pause, for input of a bounded small size. */
export function runToCompletion<T>(work: SlicedComputation<T>): T {
  let step = work.next()
  while (step.done !== true) step = work.next()
  return step.value
}
