/** Pre-check for short texts, which avoids the full search in most of them. */
import { trimTrailing } from '../trailing.js'

/** Above these limits the pre-check would take as long as the full search. */
const maxTraces = 16
const maxTextBytes = 65_536
/** Bounds the time of the pre-check: not every engine finds a long substring in linear time. */
const maxTraceBytes = 16
/** Minimum length of a trace: shorter ones occur in too many texts. */
const minTraceBytes = 4

const findLongest = (pieces: readonly string[]): string =>
  pieces.reduce((best, piece) => (piece.length > best.length ? piece : best), '').slice(0, maxTraceBytes)

/** Substring of every encoding without escapes, in lower case. */
const plainTrace = (secret: string): string => findLongest(secret.split(/[^!-$&-*,-[\]-~]/)).toLowerCase()

/**
 * Substrings of the secret's base64 at alignments 0, 1 and 2.
 * Each is independent of the neighbouring bytes and the same in base64 and base64url.
 */
const base64Traces = (secret: string): string[] =>
  [0, 1, 2].map((before) => {
    const digits = trimTrailing(Buffer.from(`${'\0'.repeat(before)}${secret}`).toString('base64'), '=')
    return findLongest(digits.slice(before === 0 ? 0 : before + 1, -1).split(/[+/]/))
  })

/** Creates a check whether a text may contain a secret; false is certain, true needs the full search. */
export function createSecretPrecheck(secrets: readonly string[]): (text: string) => boolean {
  const plain = [...new Set(secrets.map(plainTrace))]
  const encoded = [...new Set(secrets.flatMap(base64Traces))]
  if (plain.length + encoded.length > maxTraces || [...plain, ...encoded].some(({ length }) => length < minTraceBytes)) return () => true
  return (text) => {
    // The traces do not cover escapes and line breaks within base64.
    if (text.length > maxTextBytes || /[\\%\r\n]/.test(text)) return true
    const lower = text.toLowerCase()
    return plain.some((trace) => lower.includes(trace)) || encoded.some((trace) => text.includes(trace))
  }
}
