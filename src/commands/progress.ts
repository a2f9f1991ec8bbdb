/** Progress of long commands on stderr, since stdout carries the result. */

export type ProgressStream = Pick<NodeJS.WriteStream, 'isTTY' | 'write'>

const barWidth = 30
/** Milliseconds between two updates of a count. */
const updateIntervalMs = 100
/** ECMA-48 "erase in line", to the end. */
const eraseLine = '\u001B[K'

/** Progress bar on a terminal, else one line a page. */
export function reportTo(stream: ProgressStream): (name: string, done: number, total: number) => void {
  if (!stream.isTTY) return (name, done, total) => void stream.write(`${name}: ${done} of ${total}\n`)
  return (name, done, total) => {
    const filled = Math.round((barWidth * done) / total)
    const bar = '#'.repeat(filled).padEnd(barWidth, '.')
    stream.write(`\r[${bar}] ${done} of ${total} ${name}${eraseLine}${done === total ? '\n' : ''}`)
  }
}

/** Yields the items, and shows their count on a terminal until they end. */
export async function* showCount<T>(items: AsyncIterable<T>, name: string, stream: ProgressStream): AsyncGenerator<T, void, undefined> {
  if (!stream.isTTY) return yield* items
  let count = 0
  let updatedAt = 0
  try {
    for await (const item of items) {
      count++
      if (performance.now() - updatedAt >= updateIntervalMs) {
        updatedAt = performance.now()
        stream.write(`\r${count} ${name}${eraseLine}`)
      }
      yield item
    }
  } finally {
    stream.write(`\r${eraseLine}`)
  }
}
