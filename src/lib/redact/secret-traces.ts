/** A quick look at short texts, most of which hold no secret, that spares the search for one. */
import { withoutTrailing } from '../trailing.js'

/** More traces, or a longer text, and the look would take as long as the search. */
const maxTraces = 16
const maxTextBytes = 65_536
/** Bounds the look: a search for a long piece is not linear in every engine. */
const maxTraceBytes = 16
/** Shorter pieces are in too many texts. */
const minTraceBytes = 4

const longest = (pieces: readonly string[]): string =>
  pieces.reduce((most, piece) => (piece.length > most.length ? piece : most), '').slice(0, maxTraceBytes)

/** What every spelling without escapes has in common, but for the case of letters. */
const plainTrace = (secret: string): string => longest(secret.split(/[^!-$&-*,-[\]-~]/)).toLowerCase()

/**
 * What of the secret's base64 does not depend on its neighbours, when 0, 1 and 2 bytes of something else come first, and
 * is the same in both alphabets.
 */
const base64Traces = (secret: string): string[] =>
  [0, 1, 2].map((before) => {
    const digits = withoutTrailing(Buffer.from(`${'\0'.repeat(before)}${secret}`).toString('base64'), '=')
    return longest(digits.slice(before === 0 ? 0 : before + 1, -1).split(/[+/]/))
  })

/** Whether a text may hold one of the secrets in a spelling that the search finds. False is certain. */
export function traceFinder(secrets: readonly string[]): (text: string) => boolean {
  const plain = [...new Set(secrets.map(plainTrace))]
  const encoded = [...new Set(secrets.flatMap(base64Traces))]
  if (plain.length + encoded.length > maxTraces || [...plain, ...encoded].some(({ length }) => length < minTraceBytes)) return () => true
  return (text) => {
    // Escapes, and line breaks within base64.
    if (text.length > maxTextBytes || /[\\%\r\n]/.test(text)) return true
    const lower = text.toLowerCase()
    return plain.some((trace) => lower.includes(trace)) || encoded.some((trace) => text.includes(trace))
  }
}
