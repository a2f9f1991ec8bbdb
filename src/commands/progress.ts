/** Progress of long commands on stderr, since stdout carries the result. */

export type ProgressStream = Pick<NodeJS.WriteStream, 'isTTY' | 'write'>

const barWidth = 30
/** Items between two updates of a count. */
const updateInterval = 1000
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
  let count = 0
  try {
    for await (const item of items) {
      if (stream.isTTY && ++count % updateInterval === 0) stream.write(`\r${count} ${name}${eraseLine}`)
      yield item
    }
  } finally {
    if (count >= updateInterval) stream.write(`\r${eraseLine}`)
  }
}
