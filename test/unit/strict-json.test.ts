/** Strict JSON: what goes in comes out digit for digit, and no name stands twice. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'

import { toInteroperableJson } from '../../src/lib/json/plain-json.js'
import { maxDepth, JsonError, maxNumberLength, parseStrictJson } from '../../src/lib/json/strict-json.js'
import { writeJson } from '../../src/lib/json/write-json.js'
import { createRedactor } from '../../src/lib/redact/redact.js'
import { runToCompletion, runInSlices } from '../../src/lib/slices.js'
import { cpuOf, measureStall } from '../support/event-loop-stall.js'

const parse = (text: string): unknown => runToCompletion(parseStrictJson(text))
const rewritten = (text: string): string => runToCompletion(writeJson(parse(text)))
const plain = (text: string, maxBytes = 1000): unknown => toInteroperableJson(parse(text), maxBytes)

test('reads what JSON.parse reads', () => {
  fc.assert(fc.property(fc.json(), (text) => expect(rewritten(text)).toBe(JSON.stringify(JSON.parse(text)))))
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
        expect(rewritten(text)).toBe(text.replaceAll(/\s/g, ''))
    }),
  )
})

test.each(['9007199254740993', '1.10', '1e400', '-0', '0.1000000000000000055511151231257827'])('keeps the digits of %s', (number) => {
  expect(rewritten(`{"a":[${number}]}`)).toBe(`{"a":[${number}]}`)
})

test('numbers keep their digits through the scrubber', () => {
  const text = '{"a":[9007199254740993,{"b":1.10}]}'
  expect(runToCompletion(writeJson(parse(text), createRedactor(['some-secret'])))).toBe(text)
})

test.each([
  '{"a":1,"a":1}',
  '{"a":1,"b":2,"a":3}',
  '[{"a":{"b":1,"b":2}}]',
  String.raw`{"a":1,"\u0061":2}`,
  '{"":1,"":2}',
  '{"a":{"x":1},"b":[1,{"x":1}],"a":2}',
])('refuses %s', (text) => {
  expect(() => parse(text)).toThrow(JsonError)
})

test.each(['{"a":{"a":{"a":1}}}', '[{"a":1},{"a":1}]', String.raw`{"a":"\"a\":1,\"a\":2","b":"{"}`, '{"a":"b","b":"a"}'])(
  'takes %s',
  (text) => {
    expect(rewritten(text)).toBe(JSON.stringify(JSON.parse(text)))
  },
)

test('refuses a name that stands twice, wherever in whatever', () => {
  const twice = (value: unknown): string => `{${JSON.stringify('k:"\\')}:${JSON.stringify(value)},${JSON.stringify('k:"\\')}:1}`
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (outer, inner) => {
      const text = JSON.stringify([outer, 'here', outer]).replace('"here"', () => twice(inner))
      expect(() => JSON.parse(text)).not.toThrow()
      expect(() => parse(text)).toThrow('must be unique')
    }),
  )
})

test.each(['', '{', 'undefined', "{'a':1}", '{"a":1}x', '[1,]'])('is not JSON: %j', (text) => {
  expect(() => parse(text)).toThrow(JsonError)
})

test('takes what is nested as deep as the limit, and no deeper', () => {
  const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`
  expect(() => parse(nested(maxDepth))).not.toThrow()
  expect(() => parse(nested(maxDepth + 1))).toThrow(JsonError)
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
  const value = plain(text)
  if (expected === 0) expect(Math.abs(value as number)).toBe(0)
  else expect(value).toEqual(expected)
  expect(plain(`{"a":[${text}]}`)).toEqual(expected === undefined ? undefined : { a: [value] })
})

test('agrees with JSON.parse on what is JSON', () => {
  const pieces = [...'{ } [ ] , : " "a" "b" 1 - 0 01 .5 1. e1 true nul null'.split(' '), ' ', '\\', '\n', '\u0001', '\u00a0']
  const piece = fc.constantFrom(...pieces)
  const damaged = fc.tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '"', '\\', '}', ']', '0')).map(([json, at, by]) => {
    const place = at % (json.length + 1)
    return json.slice(0, place) + by + json.slice(place + 1)
  })
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(piece, { maxLength: 12 }).map((all) => all.join('')),
        damaged,
      ),
      (text) => {
        let native: string | undefined
        try {
          native = JSON.stringify(JSON.parse(text))
        } catch {
          expect(() => parse(text)).toThrow(JsonError)
        }
        if (native === undefined) return
        try {
          expect(JSON.stringify(JSON.parse(rewritten(text)))).toBe(native)
        } catch (error) {
          expect(String(error)).toContain('must be unique')
        }
      },
    ),
    { numRuns: 2000 },
  )
})

test('a property called __proto__ is one like any other', () => {
  const text = '{"__proto__":{"a":1},"b":2}'
  expect(rewritten(text)).toBe(text)
  expect(Reflect.get(Object(parse(text)), 'a')).toBeUndefined()
  expect(() => parse('{"__proto__":1,"__proto__":2}')).toThrow('must be unique')
})

test('takes a number of as many characters as the limit, and no more', () => {
  const digits = (length: number): string => `{"n":1${'0'.repeat(length - 2)}1}`
  expect(rewritten(digits(maxNumberLength - 1))).toBe(digits(maxNumberLength - 1))
  expect(rewritten(digits(maxNumberLength))).toBe(digits(maxNumberLength))
  expect(() => parse(digits(maxNumberLength + 1))).toThrow(`A number must have at most ${maxNumberLength} characters. Send it as a string.`)
  expect(plain(digits(maxNumberLength))).toBeUndefined()
})

test('plain up to the limit of its bytes, and no further', () => {
  for (const text of ['{"a":[1,"\u00e9",{"b":null}]}', '"aaaa"', '[1,2,3,4]', '[10,20,true,{}]']) {
    const bytes = Buffer.byteLength(text)
    expect(plain(text, bytes + 1)).toEqual(parse(text))
    expect(plain(text, bytes)).toEqual(parse(text))
    expect(plain(text, bytes - 1)).toBeUndefined()
  }
})

describe('costs', () => {
  const size = 4_194_304
  const list = (unit: string, length: number): string => `[${unit.repeat(Math.floor((length - 2) / unit.length)).slice(0, -1)}]`
  const objectOf = (name: (i: number) => string, length: number): string =>
    `{${Array.from({ length: Math.floor(length / 14) }, (_, i) => `"${name(i)}":1`).join(',')}}`
  const shapes: readonly (readonly [name: string, of: (length: number) => string])[] = [
    ['numbers that keep their digits', (length) => list('1.0,', length)],
    ['small numbers', (length) => list('1,', length)],
    ['numbers as long as may be', (length) => list(`1${'0'.repeat(maxNumberLength - 2)}1,`, length)],
    ['empty lists', (length) => list('[],', length)],
    ['nested lists', (length) => list(`${'['.repeat(150)}${']'.repeat(150)},`, length)],
    ['small objects', (length) => list('{"a":1},', length)],
    ['small strings', (length) => list(String.raw`"\n",`, length)],
    ['one string', (length) => `"${'a'.repeat(length - 2)}"`],
    ['one string of escapes', (length) => `"${String.raw`\"`.repeat((length - 2) / 2)}"`],
    ['white space', (length) => `${' '.repeat(length - 1)}1`],
    ['names', (length) => objectOf((i) => `name-${i}`, length)],
    ['names that are numbers', (length) => objectOf((i) => String(i * 7919), length)],
  ]
  const faulty: readonly (readonly [name: string, of: (length: number) => string])[] = [
    ['one number', (length) => `{"n":1${'0'.repeat(length - 8)}1}`],
    ['a number that does not end', (length) => `1${'0'.repeat(length - 1)}`],
    ['a string that does not end', (length) => `"${'a'.repeat(length - 1)}`],
    ['a backslash that does not end', (length) => `"${'\\'.repeat(length - 1)}`],
    ['lists that do not end', (length) => '['.repeat(length)],
  ]
  function* through(text: string): Generator<undefined, string> {
    try {
      return yield* writeJson(yield* parseStrictJson(text), createRedactor(['a-secret-that-nobody-has']))
    } catch (error) {
      if (error instanceof JsonError) return ''
      throw error
    }
  }

  test.each([...shapes, ...faulty])('%s: four mebibytes, in and out, stall the event loop for less than 250 ms', async (_name, of) => {
    const text = of(size)
    const { longestMs } = await measureStall(() => runInSlices(through(text), 'owner'))
    expect(longestMs).toBeLessThan(250)
  })

  test.each([...shapes, ...faulty])('%s: twice as much costs at most two and a half times as much', (_name, of) => {
    const cost = (length: number): number => Math.min(...[1, 2, 3].map(() => cpuOf(() => runToCompletion(through(of(length))))))
    cost(100_000)
    // The collector of garbage takes its time, too.
    expect(cost(400_000)).toBeLessThanOrEqual(2.5 * cost(200_000) + 50)
  })

  test.each([...shapes, ...faulty])('%s: plain arguments are looked at no further than their limit', (_name, of) => {
    let value: unknown
    try {
      value = parse(of(1_000_000))
    } catch {
      return
    }
    expect(cpuOf(() => toInteroperableJson(value, 65_536))).toBeLessThan(250)
  })
})
