/**
 * Takes secrets out of texts that come back from where they were sent: as they are, escaped as in JSON, percent-encoded
 * (RFC 3986 §2.1) in whole or in part, and in base64 or base64url (RFC 4648 §4, §5) at each of its three alignments.
 */

/** Shorter values are left alone: they would turn up by chance, and taking them out would destroy answers. */
export const shortestScrubbed = 8

/** What stands in place of a secret. */
export const scrubbed = '[removed by Keyhouse]'

export interface Scrubber {
  readonly text: (text: string) => string
  /** Every string of a JSON value, property names included. */
  readonly value: (value: unknown) => unknown
}

const literal = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`)

const hex = (code: number, digits: number): string =>
  code
    .toString(16)
    .padStart(digits, '0')
    .replaceAll(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`)

/** One character, in any way that a JSON string may write it. */
function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, i) => String.raw`\\u${hex(character.charCodeAt(i), 4)}`).join('')
  const short = JSON.stringify(character).slice(1, -1)
  const slashed = character === '/' ? [String.raw`\\/`] : []
  return [...new Set([literal(character), literal(short), ...slashed, units])].join('|')
}

/** One character, plain, escaped or percent-encoded; a space may be a plus sign (WHATWG URL, form encoding). */
function spellings(character: string): string {
  const bytes = [...Buffer.from(character)].map((byte) => `%${hex(byte, 2)}`).join('')
  const plus = character === ' ' ? [String.raw`\+`] : []
  return `(?:${[escaped(character), bytes, ...plus].join('|')})`
}

/**
 * What of the secret's base64 does not depend on its neighbours, when `offset` bytes of something else come first.
 * The first and last characters may carry bits of a neighbour and are left out.
 */
function aligned(secret: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), secret])
    .toString('base64')
    .replaceAll('=', '')
  const whole = Math.floor(((offset + secret.length) * 8) / 6)
  return encoded.slice(Math.ceil((offset * 8) / 6), whole)
}

const eitherAlphabet = (base64: string): string =>
  literal(base64)
    .replaceAll(String.raw`\+`, String.raw`[+\-]`)
    .replaceAll(String.raw`\/`, '[/_]')

/** A value, and what follows its scheme: `Bearer abc…` is two secrets. */
function parts(value: string): string[] {
  const [, rest] = /^[A-Za-z][\w-]* +(.+)$/.exec(value) ?? []
  return [value, ...(rest === undefined ? [] : [rest])].filter((part) => part.length >= shortestScrubbed)
}

/** The two alphabets of base64 as one. */
const oneAlphabet = (text: string): string => text.replaceAll('-', '+').replaceAll('_', '/')

export function scrubber(values: readonly string[]): Scrubber {
  const secrets = [...new Set(values.flatMap(parts))].toSorted((a, b) => b.length - a.length)
  if (secrets.length === 0) return { text: (from) => from, value: (from) => from }
  const encoded = secrets.flatMap((secret) => [0, 1, 2].map((offset) => aligned(Buffer.from(secret), offset)))
  const hasSpace = secrets.some((secret) => secret.includes(' '))
  let made: RegExp | undefined
  // Dear to make, and most texts show at a glance that they hold nothing.
  const pattern = (): RegExp =>
    (made ??= new RegExp(
      [...secrets.map((secret) => Array.from(secret, spellings).join('')), ...encoded.map(eitherAlphabet)].join('|'),
      'g',
    ))
  const isSuspect = (from: string): boolean => {
    if (from.length < shortestScrubbed) return false
    if (/[\\%]/.test(from) || (hasSpace && from.includes('+')) || secrets.some((secret) => from.includes(secret))) return true
    const plain = oneAlphabet(from)
    return encoded.some((core) => plain.includes(core))
  }
  const text = (from: string): string => (isSuspect(from) ? from.replaceAll(pattern(), scrubbed) : from)
  const number = (from: unknown): unknown => {
    const digits = JSON.stringify(from)
    const clean = text(digits)
    return clean === digits ? from : clean
  }
  const value = (from: unknown): unknown => {
    if (typeof from === 'string') return text(from)
    if (typeof from === 'number' || isRawJson(from)) return number(from)
    if (Array.isArray(from)) return from.map(value)
    if (typeof from !== 'object' || from === null) return from
    return Object.fromEntries(Object.entries(from).map(([name, inner]) => [text(name), value(inner)]))
  }
  return { text, value }
}

// A number that kept its digits (lib/strict-json.ts). Not in TypeScript's library yet.
const isRawJson = (JSON as unknown as { isRawJSON: (value: unknown) => boolean }).isRawJSON
