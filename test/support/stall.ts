/** Measures how long the event loop was held without a pause, in CPU time of this thread, so that busy neighbours do not count. */

/** CPU time of this thread in milliseconds; needs the Node 24 that the tests run on. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

/** Runs `work`; `longestMs` is the longest stretch of CPU between two turns of the loop meanwhile. */
export async function measureStall<T>(work: () => Promise<T>): Promise<{ result: T; longestMs: number }> {
  let longestMs = 0
  let last = cpuMs()
  let isOver = false
  const look = (): void => {
    const at = cpuMs()
    longestMs = Math.max(longestMs, at - last)
    last = cpuMs()
    if (!isOver) setImmediate(look)
  }
  setImmediate(look)
  const result = await work().finally(() => {
    isOver = true
  })
  longestMs = Math.max(longestMs, cpuMs() - last)
  return { result, longestMs }
}

/** CPU milliseconds that `work` took on this thread. */
export function cpuOf(work: () => void): number {
  const before = cpuMs()
  work()
  return cpuMs() - before
}
