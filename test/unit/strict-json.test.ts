/** Strict JSON: what goes in comes out digit for digit, and no name stands twice. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'

import { scrubber } from '../../src/lib/scrub.js'
import { deepest, JsonFault, parseStrictJson, plainJson } from '../../src/lib/strict-json.js'

test('reads what JSON.parse reads', () => {
  fc.assert(fc.property(fc.json(), (text) => expect(JSON.stringify(parseStrictJson(text))).toBe(JSON.stringify(JSON.parse(text)))))
})

test('keeps the digits of a number wherever it stands', () => {
  const number = fc.constantFrom('9007199254740993', '1.10', '1e400', '-0', '-0.0', '-1E2', '12345678901234567890', '0.10')
  const space = fc.constantFrom('', ' ', '\n\t ')
  fc.assert(
    fc.property(number, space, space, (digits, before, after) => {
      for (const text of [
        `${before}${digits}${after}`,
        `[1,${before}${digits}${after}]`,
        `{"jsonrpc":"2.0","a":${before}${digits}${after}}`,
      ])
        expect(JSON.stringify(parseStrictJson(text))).toBe(text.replaceAll(/\s/g, ''))
    }),
  )
})

test.each(['9007199254740993', '1.10', '1e400', '-0', '0.1000000000000000055511151231257827'])('keeps the digits of %s', (number) => {
  expect(JSON.stringify(parseStrictJson(`{"a":[${number}]}`))).toBe(`{"a":[${number}]}`)
})

test('numbers keep their digits through the scrubber', () => {
  const text = '{"a":[9007199254740993,{"b":1.10}]}'
  expect(JSON.stringify(scrubber(['some-secret']).value(parseStrictJson(text)))).toBe(text)
})

test.each([
  '{"a":1,"a":1}',
  '{"a":1,"b":2,"a":3}',
  '[{"a":{"b":1,"b":2}}]',
  String.raw`{"a":1,"\u0061":2}`,
  '{"":1,"":2}',
  '{"a":{"x":1},"b":[1,{"x":1}],"a":2}',
])('refuses %s', (text) => {
  expect(() => parseStrictJson(text)).toThrow(JsonFault)
})

test.each(['{"a":{"a":{"a":1}}}', '[{"a":1},{"a":1}]', String.raw`{"a":"\"a\":1,\"a\":2","b":"{"}`, '{"a":"b","b":"a"}'])(
  'takes %s',
  (text) => {
    expect(JSON.stringify(parseStrictJson(text))).toBe(JSON.stringify(JSON.parse(text)))
  },
)

test('refuses a name that stands twice, wherever in whatever', () => {
  const twice = (value: unknown): string => `{${JSON.stringify('k:"\\')}:${JSON.stringify(value)},${JSON.stringify('k:"\\')}:1}`
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (outer, inner) => {
      const text = JSON.stringify([outer, 'here', outer]).replace('"here"', () => twice(inner))
      expect(() => JSON.parse(text)).not.toThrow()
      expect(() => parseStrictJson(text)).toThrow('stands twice')
    }),
  )
})

test.each(['', '{', 'undefined', "{'a':1}", '{"a":1}x', '[1,]'])('is not JSON: %j', (text) => {
  expect(() => parseStrictJson(text)).toThrow(JsonFault)
})

test('takes what is nested as deep as the limit, and no deeper', () => {
  const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`
  expect(() => parseStrictJson(nested(deepest))).not.toThrow()
  expect(() => parseStrictJson(nested(deepest + 1))).toThrow(JsonFault)
})

test.each([
  ['1.0', 1],
  ['1e3', 1000],
  ['-0', 0],
  ['1.10', 1.1],
  ['0.1', 0.1],
  ['9007199254740993', undefined],
  ['1e400', undefined],
  ['0.1000000000000000055511151231257827', undefined],
  [String.raw`"\ud800"`, undefined],
  [String.raw`"a\u0000"`, undefined],
  [String.raw`"\ud83d\udd11"`, '\u{1F511}'],
  ['null', null],
])('as any reader sees it: %s is %j', (text, expected) => {
  const value = plainJson(parseStrictJson(text))
  if (expected === 0) expect(Math.abs(value as number)).toBe(0)
  else expect(value).toEqual(expected)
  expect(plainJson(parseStrictJson(`{"a":[${text}]}`))).toEqual(expected === undefined ? undefined : { a: [value] })
})
