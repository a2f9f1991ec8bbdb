/** A trail is split at line feeds and nowhere else, however its bytes arrive. */
import { Readable } from 'node:stream'

import { expect, test } from '@jest/globals'

import { splitLines } from '../../src/audit/split-lines.js'

async function split(chunks: string[]): Promise<string[]> {
  const lines: string[] = []
  for await (const line of splitLines(Readable.from(chunks))) lines.push(line)
  return lines
}

test.each([
  [[], []],
  [['\n'], ['']],
  [['a'], ['a']],
  [['a\n'], ['a']],
  [['a\nb'], ['a', 'b']],
  [
    ['a\n', '\nb', '', 'c\n'],
    ['a', '', 'bc'],
  ],
  [['a\r\nb\u2028c\u2029d\u0085e\n'], ['a\r', 'b\u2028c\u2029d\u0085e']],
])('%j is %j', async (chunks, lines) => {
  expect(await split(chunks)).toEqual(lines)
})

test('a line in many pieces takes time in proportion to its length', async () => {
  const time = async (pieces: number): Promise<number> => {
    const chunks = Array.from({ length: pieces }, () => 'x'.repeat(1000))
    const before = process.threadCpuUsage()
    const [line] = await split(chunks)
    const { user, system } = process.threadCpuUsage(before)
    expect(line).toHaveLength(pieces * 1000)
    return user + system
  }
  await time(10_000)
  const once = Math.min(await time(10_000), await time(10_000))
  expect(Math.min(await time(20_000), await time(20_000))).toBeLessThan(once * 2.5)
})
