/** Forms of texts: keys, ids, external ids, and what is sealed. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'

import { apiKeyPattern, generateApiKey, parseApiKey, maskApiKey } from '../../src/lib/api-key-format.js'
import { open, parseMasterKeys, seal, getKeyId, SealError, type MasterKeys } from '../../src/lib/crypto/seal.js'
import { deriveEndUserId, isExternalId } from '../../src/lib/external-id.js'
import { newId } from '../../src/lib/id.js'
import { redactCredentials } from '../../src/lib/secret.js'

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

test('a key: prefix, environment, 32 random characters, and a checksum that anyone can compute', () => {
  const body = `kh_sand_${'0'.repeat(32)}`
  const texts = Array.from({ length: 50 }, () => generateApiKey('kh', 'SANDBOX'))
  for (const text of texts) {
    expect(text).toMatch(/^kh_sand_[0-9A-Za-z]{38}$/)
    expect(text).toMatch(apiKeyPattern)
    expect(parseApiKey(text)).toEqual({ prefix: 'kh', environment: 'SANDBOX' })
    expect(text.slice(-6)).toBe(base62Of(crcOf(text.slice(0, -6))))
    expect(maskApiKey(text)).toBe(`kh_sand_****${text.slice(-4)}`)
  }
  expect(new Set(texts).size).toBe(50)
  expect(parseApiKey(body + base62Of(crcOf(body)))).toBeDefined()
  expect(parseApiKey(generateApiKey('a1', 'PRODUCTION'))).toEqual({ prefix: 'a1', environment: 'PRODUCTION' })
})

/** CRC-32 (ISO 3309) bit by bit, apart from the one that the code uses. */
function crcOf(text: string): number {
  let crc = ~0
  for (const byte of Buffer.from(text)) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return ~crc >>> 0
}

const base62Of = (value: number): string => Array.from({ length: 6 }, (_, i) => base62[Math.floor(value / 62 ** (5 - i)) % 62]).join('')

test('no typo of one character, and no swap of neighbours, is a key', () => {
  fc.assert(
    fc.property(fc.nat(45), fc.constantFrom(...base62.split('')), (at, letter) => {
      const text = generateApiKey('kh', 'SANDBOX')
      const typo = text.slice(0, at) + letter + text.slice(at + 1)
      expect(parseApiKey(typo) !== undefined).toBe(typo === text)
      const swapped = text.slice(0, at) + (text[at + 1] ?? '') + text[at]! + text.slice(at + 2)
      expect(parseApiKey(swapped) !== undefined).toBe(swapped === text)
    }),
  )
  fc.assert(fc.property(fc.string(), (text) => parseApiKey(text) === undefined))
})

test('ids rise, whatever the clock does, and never repeat', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 4_000_000_000_000 }), { maxLength: 20 }), (times) => {
      const ids = times.flatMap((ms) => [newId('x', new Date(ms)), newId('x', new Date(ms))])
      expect(ids.toSorted()).toEqual(ids)
      expect(new Set(ids).size).toBe(ids.length)
      for (const id of ids) expect(id).toMatch(/^x_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/)
    }),
  )
  const many = Array.from({ length: 10_000 }, () => newId('x', new Date(0)))
  expect(many.toSorted()).toEqual(many)
  expect(new Set(many).size).toBe(many.length)
})

test('the id of an end user tells its parts apart', () => {
  const ids = [
    deriveEndUserId('a', 'bc', 'S', 'x'),
    deriveEndUserId('ab', 'c', 'S', 'x'),
    deriveEndUserId('a', 'bc', 'P', 'x'),
    deriveEndUserId('a', 'bc', 'S', 'X'),
  ]
  expect(new Set(ids).size).toBe(4)
  for (const id of ids) expect(id).toMatch(/^eu_[0-9a-f]{32}$/)
})

test('an external id: 1 to 150 printable ASCII characters, no space at either end, not "*"', () => {
  const isLawful = (text: string): boolean =>
    text.length >= 1 && text.length <= 150 && text.split('').every((c) => c >= ' ' && c <= '~') && text.trim() === text && text !== '*'
  const near = fc.string({ unit: fc.constantFrom('a', ' ', '*', '~', '\u007f', '\n', '\u00e9', '\0'), maxLength: 4 })
  fc.assert(
    fc.property(fc.oneof(near, fc.string({ maxLength: 160 })), (text) => isExternalId(text) === isLawful(text)),
    { numRuns: 1000 },
  )
  for (const [length, is] of [
    [0, false],
    [1, true],
    [2, true],
    [150, true],
    [151, false],
  ] as const)
    expect(isExternalId('u'.repeat(length))).toBe(is)
  expect([isExternalId('*'), isExternalId('**'), isExternalId('a\n')]).toEqual([false, true, false])
})

const keyText = (id: string, byte: number): string => `${id}:${Buffer.alloc(32, byte).toString('base64')}`
const keys: MasterKeys = parseMasterKeys(`${keyText('new', 1)},${keyText('old', 2)}`)

test('what is sealed opens on its own row alone, under any key at hand, and names the one it needs', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.array(fc.option(fc.string()), { maxLength: 3 }), (plain, aad) => {
      const sealed = seal(keys, aad, plain)
      expect(open(parseMasterKeys(`${keyText('old', 2)},${keyText('new', 1)}`), aad, sealed)).toBe(Buffer.from(plain).toString())
      expect(getKeyId(sealed)).toBe('new')
      expect(() => open(keys, [...aad, null], sealed)).toThrow(SealError)
      expect(() => open([keys[1]!], aad, sealed)).toThrow(SealError)
      if (aad.length > 0) expect(() => open(keys, aad.slice(1), sealed)).toThrow(SealError)
      expect(seal(keys, aad, plain)).not.toBe(sealed)
    }),
  )
  expect(() => open(keys, ['a', 'b'], seal(keys, ['ab', ''], 'x'))).toThrow(SealError)
})

test('one flipped bit anywhere never opens', () => {
  const sealed = seal(keys, ['row'], 'a secret of some length')
  const [form, id, nonce, body] = sealed.split('.') as [string, string, string, string]
  for (const part of [2, 3]) {
    const bytes = Buffer.from(part === 2 ? nonce : body, 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      const text = flipped.toString('base64url')
      expect(() => open(keys, ['row'], [form, id, part === 2 ? text : nonce, part === 3 ? text : body].join('.'))).toThrow(SealError)
    }
  }
  for (const bad of [
    '',
    'v1',
    'v2.new.a.b',
    `${sealed}.`,
    [form, 'old', nonce, body].join('.'),
    [form, id, nonce, ''].join('.'),
    [form, id, '', body].join('.'),
    sealed.slice(0, -2),
  ]) {
    expect(() => open(keys, ['row'], bad)).toThrow(SealError)
  }
})

test('what looks like a credential is taken out of a text', () => {
  const jwt = 'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1In0.c2ln'
  for (const text of [
    generateApiKey('kh', 'PRODUCTION'),
    generateApiKey('a1', 'SANDBOX').slice(0, -3),
    jwt,
    `kh_signin_${'x'.repeat(43)}`,
  ]) {
    expect(redactCredentials(`Cannot query field "${text}" on type "Query".`)).toBe('Cannot query field "[secret]" on type "Query".')
  }
  expect(redactCredentials('"input.label" must have 1 to 255 characters.')).toBe('"input.label" must have 1 to 255 characters.')
})
