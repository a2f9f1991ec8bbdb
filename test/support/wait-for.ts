/** Polling for effects of timers, other processes and the network. */

/** Resolves with the first value that is neither undefined nor false. @throws Error after 25 seconds */
export async function waitFor<T>(read: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  const deadline = performance.now() + 25_000
  while (performance.now() < deadline) {
    const value = await read()
    if (value !== undefined && value !== false) return value
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`no value within 25 seconds: ${String(read)}`)
}
