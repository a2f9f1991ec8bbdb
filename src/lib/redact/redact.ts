/**
 * Redaction of secrets in texts from a server that received them.
 * Matches are independent of the case of ASCII letters. They may be JSON-escaped, or percent-encoded in whole or in part.
 * They may also be in base64 or base64url (RFC 4648 §4, §5) at any alignment. Time is linear in the length of the text.
 */
import type { StringTransform } from '../json/write-json.js'
import { runToCompletion, type SlicedComputation } from '../slices.js'
import { ByteAutomaton } from './byte-automaton.js'
import { decodedBytes, type Decoding } from './decoded-bytes.js'
import { SecretSearch, normalizedBytes } from './secret-search.js'
import { createSecretPrecheck } from './secret-traces.js'

/** Minimum characters of a redacted value. Shorter values occur by chance, so redaction would damage responses. */
export const minRedactedLength = 8

/** Replacement of a secret. */
export const redactionText = '[removed by Keyhouse]'

/** Redactor, as a string transformation of `writeJson`. */
export interface Redactor extends StringTransform {
  /** Redacts a short text, such as a header or a line, without yielding. */
  readonly line: (text: string) => string
}

/** Decodings that can give different bytes: a text without escapes has only one. */
const decodings = (text: string): readonly Decoding[] => (text.includes('\\') || text.includes('%') ? ['NONE', 'ONCE', 'ALL'] : ['NONE'])

function* toPatterns(secrets: readonly string[]): SlicedComputation<Uint8Array[]> {
  const patterns: Uint8Array[] = []
  for (const secret of secrets) {
    for (const decoding of decodings(secret)) {
      // A secret that itself contains escapes gives other bytes when the whole text is decoded.
      if (decoding === 'ONCE') continue
      const bytes: number[] = []
      yield* decodedBytes(secret, decoding, (byte) => bytes.push(normalizedBytes[byte]!))
      if (bytes.length >= minRedactedLength) patterns.push(Uint8Array.from(bytes))
    }
  }
  return patterns
}

/** Characters between two yields. */
const stride = 65_536

/** Creates the redactor of the given secrets. */
export function createRedactor(values: readonly string[]): Redactor {
  const secrets = [...new Set(values)].filter((value) => value.length >= minRedactedLength)
  const hasTrace = createSecretPrecheck(secrets)
  const isSuspect = (from: string): boolean => secrets.length > 0 && from.length >= minRedactedLength && hasTrace(from)
  let automaton: ByteAutomaton | undefined

  function* text(from: string): SlicedComputation<string> {
    automaton ??= yield* ByteAutomaton.of(yield* toPatterns(secrets))
    let covered: Int32Array | undefined
    const cover = (start: number, end: number): void => {
      covered ??= new Int32Array(from.length + 1)
      covered[start]!++
      covered[end]!--
    }
    for (const decoding of decodings(from)) {
      const search = new SecretSearch(automaton, decoding !== 'ONCE', cover)
      yield* decodedBytes(from, decoding, search.take)
    }
    return covered ? yield* removeRanges(from, covered) : from
  }

  return {
    isSuspect,
    text,
    line: (from) => (isSuspect(from) ? runToCompletion(text(from)) : from),
  }
}

/** Replaces the covered ranges. `covered` has, by character, the secrets that begin there minus those that end there. */
function* removeRanges(text: string, covered: Int32Array): SlicedComputation<string> {
  const pieces: string[] = []
  let depth = 0
  let keptFrom = 0
  for (let at = 0; at < covered.length; at++) {
    if (at % stride === 0) yield
    const previousDepth = depth
    depth += covered[at]!
    if (previousDepth === 0 && depth > 0) pieces.push(text.slice(keptFrom, at), redactionText)
    else if (previousDepth > 0 && depth === 0) keptFrom = at
  }
  return pieces.join('') + text.slice(keptFrom)
}
