/**
 * Takes secrets out of texts that come back from where they were sent: as they are, escaped as in JSON, percent-encoded
 * (RFC 3986 §2.1) in whole or in part, and in base64 or base64url (RFC 4648 §4, §5) at each of its three alignments.
 */

/** Shorter values are left alone: they would turn up by chance, and taking them out would destroy answers. */
export const shortestScrubbed = 8

/** What stands in place of a secret. */
export const scrubbed = '[removed by Keyhouse]'

export interface Scrubber {
  /** Whether a text may hold a secret: with false it is sure that it does not, nor does any string of a JSON text. */
  readonly isSuspect: (text: string) => boolean
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
 * What of the secret's base64 does not depend on its neighbours, when 0, 1 and 2 bytes of something else come first.
 * The first and last characters may carry bits of a neighbour and are left out.
 */
function aligned(secret: string): string[] {
  const bytes = Buffer.from(`\0\0${secret}`)
  return [0, 1, 2].map((offset) =>
    bytes.toString('base64', 2 - offset).slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length - 2) * 8) / 6)),
  )
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

/** The longest piece that both alphabets of base64 spell alike. */
const commonPiece = (base64: string): string =>
  base64.split(/[+/]/).reduce((longest, piece) => (piece.length > longest.length ? piece : longest))

export function scrubber(values: readonly string[]): Scrubber {
  const secrets = [...new Set(values.flatMap(parts))].toSorted((a, b) => b.length - a.length)
  if (secrets.length === 0) return { isSuspect: () => false, text: (from) => from, value: (from) => from }
  // Whoever holds a secret holds what is part of it, in base64 too.
  const least = secrets.filter((secret) => !secrets.some((other) => other !== secret && secret.includes(other)))
  const traces = [...least, ...least.flatMap((secret) => aligned(secret).map(commonPiece))]
  const hasSpace = least.some((secret) => secret.includes(' '))
  const isSuspect = (from: string): boolean =>
    from.length >= shortestScrubbed &&
    (from.includes('\\') || from.includes('%') || (hasSpace && from.includes('+')) || traces.some((trace) => from.includes(trace)))
  let made: RegExp | undefined
  // Dear to make, and most texts show at a glance that they hold nothing.
  const pattern = (): RegExp =>
    (made ??= new RegExp(
      [...secrets.map((secret) => Array.from(secret, spellings).join('')), ...secrets.flatMap(aligned).map(eitherAlphabet)].join('|'),
      'g',
    ))
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
  return { isSuspect, text, value }
}

// A number that kept its digits (lib/strict-json.ts). Not in TypeScript's library yet.
const isRawJson = (JSON as unknown as { isRawJSON: (value: unknown) => boolean }).isRawJSON
