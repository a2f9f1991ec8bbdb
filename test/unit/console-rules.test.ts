/** Rules of the console that need no browser: permissions, the queue of approvals, JSON, and hidden characters. */
import { expect, test } from '@jest/globals'

import { holds, resourcesOf } from '../../console/src/holds.js'
import { formatJson } from '../../console/src/parts/format-json.js'
import { revealHidden } from '../../console/src/parts/hidden-characters.js'
import { mergeQueue } from '../../console/src/screens/approval-queue.js'
import type { Approval } from '../../console/src/screens/approval-queue.js'
import { permissions } from '../../src/access/permission-definitions.js'
import { hasPermission } from '../../src/access/permissions.js'
import { patterns } from '../support/permission-sets.js'

test('the console matches permissions as the server does, for every pair of patterns', () => {
  const builtIn = resourcesOf(Object.keys(permissions))
  for (const held of patterns) {
    for (const wanted of patterns) {
      expect({ held, wanted, holds: holds([held], wanted, builtIn) }).toEqual({ held, wanted, holds: hasPermission([held], wanted) })
    }
  }
})

const approval = (id: string, minute: number): Approval => ({ id, expiresAt: `2026-05-01T12:0${minute}:00.000Z` }) as Approval

test('new approvals join the queue below the shown ones, soonest to expire first', () => {
  const shown = mergeQueue([], [approval('c', 3), approval('a', 1)])
  expect(shown).toEqual(['a', 'c'])
  expect(mergeQueue(shown, [approval('b', 2), approval('c', 3), approval('d', 0)])).toEqual(['a', 'c', 'd', 'b'])
})

test('a decided approval keeps its place in the queue', () => {
  expect(mergeQueue(['a', 'b', 'c'], [approval('c', 3)])).toEqual(['a', 'b', 'c'])
})

test.each([
  ['right-to-left override', 'U+202E'],
  ['isolate', 'U+2066'],
  ['zero-width space', 'U+200B'],
  ['zero-width joiner', 'U+200D'],
  ['byte order mark', 'U+FEFF'],
  ['soft hyphen', 'U+00AD'],
  ['no-break space', 'U+00A0'],
  ['ideographic space', 'U+3000'],
  ['line separator', 'U+2028'],
  ['escape', 'U+001B'],
  ['carriage return', 'U+000D'],
  ['delete', 'U+007F'],
  ['C1 control', 'U+0085'],
  ['Hangul filler', 'U+3164'],
  ['variation selector', 'U+FE0F'],
  ['tag character', 'U+E0041'],
  ['private use', 'U+E000'],
  ['lone surrogate', 'U+D800'],
])('the %s in an argument is shown as %s', (_name, code) => {
  const character = String.fromCodePoint(Number.parseInt(code.slice(2), 16))
  expect(revealHidden(`a${character}b`)).toEqual(['a', { code }, 'b'])
})

test('other text stays as it is: line feed, tab, space, accents, Hebrew, Chinese and plain emoji', () => {
  const text = 'a b\n\tÅé שלום 漢字 😀'
  expect(revealHidden(text)).toEqual([text])
})

test('of a pile of combining marks the fifth and later are shown as code points', () => {
  const four = 'a\u0301\u0302\u0303\u0304'
  expect(revealHidden(`${four}b`)).toEqual([`${four}b`])
  expect(revealHidden(`${four}\u0301b`)).toEqual([four, { code: 'U+0301' }, 'b'])
})

test('JSON is indented up to 262,144 characters, and longer JSON is on one line', () => {
  const indented = (length: number): string[] => ['x'.repeat(length - JSON.stringify([''], null, 2).length)]
  expect(formatJson(indented(262_144))).toHaveLength(262_144)
  expect(formatJson(indented(262_145))).toBe(JSON.stringify(indented(262_145)))
})
