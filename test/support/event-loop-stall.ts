/** Measures event loop stalls in CPU time of this thread, so that load of other processes does not count. */

/** CPU time of this thread in milliseconds; requires Node 24, which the tests run on. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

/** Runs `work`; `longestMs` is the longest CPU time between two turns of the event loop meanwhile. */
export async function measureStall<T>(work: () => Promise<T>): Promise<{ result: T; longestMs: number }> {
  let longestMs = 0
  let last = cpuMs()
  let isOver = false
  const sample = (): void => {
    const at = cpuMs()
    longestMs = Math.max(longestMs, at - last)
    last = cpuMs()
    // A timer, not setImmediate, which would take a whole processor from the database that the work waits for.
    if (!isOver) setTimeout(sample, 1)
  }
  sample()
  const result = await work().finally(() => {
    isOver = true
  })
  longestMs = Math.max(longestMs, cpuMs() - last)
  return { result, longestMs }
}

/** CPU time of `work` in milliseconds. */
export function cpuOf(work: () => void): number {
  const before = cpuMs()
  work()
  return cpuMs() - before
}
