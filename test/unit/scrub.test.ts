/** The scrubber: no spelling of a secret that the threat model names comes through, and nothing else is touched. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'

import { scrubbed, scrubber } from '../../src/lib/scrub.js'
import { parseStrictJson } from '../../src/lib/strict-json.js'

const secret = fc
  .string({ unit: 'grapheme-ascii', minLength: 8, maxLength: 60 })
  .filter((text) => !/^\s|\s$/.test(text) && !/^[A-Za-z][\w-]* /.test(text))
const around = fc.string({ unit: 'grapheme', maxLength: 20 })

const spellings: Record<string, (text: string) => string> = {
  plain: (text) => text,
  'escaped as JSON': (text) => JSON.stringify(text).slice(1, -1),
  'escaped as JSON twice over, slashes too': (text) =>
    JSON.stringify(text)
      .slice(1, -1)
      .replaceAll('/', String.raw`\/`),
  'in \\u escapes': (text) => Array.from(text, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
  'percent-encoded': encodeURIComponent,
  'percent-encoded in full, in lower case': (text) =>
    [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  'percent-encoded in part': (text) =>
    Array.from(text, (c, i) => (i % 2 ? `%${c.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}` : c)).join(''),
}

test.each(Object.entries(spellings))('%s', (_, spell) => {
  fc.assert(
    fc.property(secret, around, around, (value, before, after) => {
      expect(scrubber([value]).text(before + spell(value) + after)).not.toContain(spell(value))
    }),
  )
})

test.each(['base64', 'base64url'] as const)('%s at every alignment', (encoding) => {
  fc.assert(
    fc.property(secret, fc.uint8Array({ maxLength: 5 }), fc.uint8Array({ maxLength: 5 }), (value, before, after) => {
      const bytes = Buffer.concat([before, Buffer.from(value), after])
      const text = scrubber([value]).text(bytes.toString(encoding))
      expect(text).toContain(scrubbed)
      // What is left carries at most the few bits that a neighbour shares with the secret's first and last characters.
      const left = text.split(scrubbed)
      expect(Buffer.from(left.join(''), encoding).length).toBeLessThanOrEqual(before.length + after.length + 3)
    }),
  )
})

test('a value with a scheme goes with and without it', () => {
  const { text } = scrubber(['Bearer abcdefgh12345678'])
  expect(text('x abcdefgh12345678 y')).toBe(`x ${scrubbed} y`)
  expect(text('Bearer abcdefgh12345678')).toBe(scrubbed)
})

test('every string of a JSON value is looked at, names too', () => {
  const { value } = scrubber(['supersecret'])
  expect(value({ a: ['supersecret', 1, null, true], supersecret: { b: 'xsupersecretx' } })).toEqual({
    a: [scrubbed, 1, null, true],
    [scrubbed]: { b: `x${scrubbed}x` },
  })
})

test('a secret of digits is one as a number too', () => {
  const { value } = scrubber(['1234567890'])
  expect(value({ a: [1234567890, 12345, -1234567890] })).toEqual({ a: [scrubbed, 12345, `-${scrubbed}`] })
  expect(JSON.stringify(scrubber(['9007199254740993']).value(parseStrictJson('[9007199254740993, 1.10]')))).toBe(`["${scrubbed}",1.10]`)
})

test.each([['1234567'], ['a'], ['']])('a secret of fewer than eight characters destroys no answer: %j', (short) => {
  const { text, value } = scrubber([short, `Bearer ${short}`.slice(0, 7)])
  expect(text('1234567 a')).toBe('1234567 a')
  expect(value({ a: '1234567' })).toEqual({ a: '1234567' })
})

test('what holds no secret comes back as it was', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 3 }), (json) => {
      const parsed: unknown = JSON.parse(json)
      expect(scrubber(['a-secret-that-nobody-has']).value(parsed)).toEqual(parsed)
    }),
  )
})
