/** Progress of long commands: a bar or a count on a terminal, lines or nothing elsewhere. */
import { expect, test } from '@jest/globals'

import { reportTo, showCount, type ProgressStream } from '../../src/commands/progress.js'

function open(isTTY: boolean): ProgressStream & { readonly written: string[] } {
  const written: string[] = []
  return { written, isTTY, write: (text: string) => written.push(text) > 0 }
}

async function* numbers(count: number): AsyncGenerator<number> {
  for (let i = 1; i <= count; i++) yield i
}

test('a bar on a terminal, plain lines elsewhere', () => {
  const terminal = open(true)
  reportTo(terminal)('credentials', 1, 2)
  reportTo(terminal)('credentials', 2, 2)
  expect(terminal.written).toEqual([
    `\r[${'#'.repeat(15)}${'.'.repeat(15)}] 1 of 2 credentials\u001B[K`,
    `\r[${'#'.repeat(30)}] 2 of 2 credentials\u001B[K\n`,
  ])
  const file = open(false)
  reportTo(file)('credentials', 1, 2)
  expect(file.written).toEqual(['credentials: 1 of 2\n'])
})

test.each([
  [999, true, []],
  [1000, true, ['\r1000 events\u001B[K', '\r\u001B[K']],
  [1000, false, []],
])('a count of %i items, on a terminal alone (%p), which is erased at the end', async (count, isTTY, written) => {
  const stream = open(isTTY)
  let seen = 0
  for await (const item of showCount(numbers(count), 'events', stream)) seen = item
  expect(seen).toBe(count)
  expect(stream.written).toEqual(written)
})
