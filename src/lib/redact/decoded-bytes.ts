/** Bytes of a text: undecoded, decoded once, or decoded through every layer of encoding. */
import type { SlicedComputation } from '../slices.js'

/**
 * `NONE`: UTF-8 only. `ONCE`: also JSON escapes (RFC 8259 §7) and percent-encoding (RFC 3986 §2.1).
 * `ALL`: also JSON in JSON and repeated percent-encoding; a run of backslashes counts as one.
 */
export type Decoding = 'NONE' | 'ONCE' | 'ALL'

/** Receives each byte with its range in the text. */
export type ByteConsumer = (byte: number, from: number, to: number) => void

const backslash = 0x5c
const percent = 0x25

const smallU = 0x75

/** Decoded characters by the character after a backslash. With `ALL`, a second backslash belongs to the run. */
const escapes = new Map(Array.from('nrtbf"/\\', (letter, i) => [letter.charCodeAt(0), '\n\r\t\b\f"/\\'.charCodeAt(i)]))

/** Characters between two yields. */
const stride = 8192

class Decoder {
  at = 0
  /** High surrogate that waits for its low surrogate; 0 if none. */
  #high = 0
  #highFrom = 0

  constructor(
    private readonly text: string,
    private readonly decoding: Decoding,
    private readonly take: ByteConsumer,
  ) {}

  /** Decodes one character. */
  next(): void {
    const { text, at: from, decoding } = this
    let unit = text.charCodeAt(this.at++)
    if (decoding !== 'NONE') {
      if (unit === backslash) unit = this.#escape()
      else if (unit === percent) {
        const byte = this.#percent()
        if (byte >= 0) return this.take(byte, from, this.at)
      }
    }
    this.#emit(unit, from)
  }

  /** Decodes the escape after a backslash. */
  #escape(): number {
    const { text } = this
    let end = this.at
    if (this.decoding === 'ALL') while (text.charCodeAt(end) === backslash) end++
    const letter = text.charCodeAt(end)
    const isUnit = letter === smallU
    const escaped = isUnit ? this.#hex(end + 1, 4) : (escapes.get(letter) ?? -1)
    if (escaped < 0) {
      // Backslashes before any other character count as one.
      this.at = end
      return backslash
    }
    this.at = end + (isUnit ? 5 : 1)
    return escaped
  }

  /** Decodes the byte after a percent sign; -1 for a literal percent sign. */
  #percent(): number {
    let { at } = this
    // Percent-encoding of %41 gives %2541.
    if (this.decoding === 'ALL') while (this.#hex(at, 2) === percent && this.#hex(at + 2, 2) >= 0) at += 2
    const byte = this.#hex(at, 2)
    if (byte >= 0) this.at = at + 2
    return byte
  }

  /** Value of hexadecimal digits; -1 for other characters. */
  #hex(start: number, digits: number): number {
    let value = 0
    for (let at = start; at < start + digits; at++) {
      const unit = this.text.charCodeAt(at)
      const letter = unit | 0x20
      if (unit >= 0x30 && unit <= 0x39) value = value * 16 + unit - 0x30
      else if (letter >= 0x61 && letter <= 0x66) value = value * 16 + letter - 0x57
      else return -1
    }
    return value
  }

  /** Emits a UTF-16 code unit as UTF-8 (RFC 3629 §3). A lone high surrogate emits nothing. */
  #emit(unit: number, from: number): void {
    const { at, take } = this
    if (unit < 0x80) take(unit, from, at)
    else if (unit < 0x800) {
      take(0xc0 | (unit >> 6), from, at)
      take(0x80 | (unit & 0x3f), from, at)
    } else if (unit >= 0xd800 && unit < 0xdc00) {
      this.#high = unit
      this.#highFrom = from
      return
    } else if (unit >= 0xdc00 && unit < 0xe000 && this.#high > 0) {
      const point = 0x10000 + ((this.#high & 0x3ff) << 10) + (unit & 0x3ff)
      take(0xf0 | (point >> 18), this.#highFrom, at)
      take(0x80 | ((point >> 12) & 0x3f), this.#highFrom, at)
      take(0x80 | ((point >> 6) & 0x3f), this.#highFrom, at)
      take(0x80 | (point & 0x3f), this.#highFrom, at)
    } else if (unit >= 0x800) {
      take(0xe0 | (unit >> 12), from, at)
      take(0x80 | ((unit >> 6) & 0x3f), from, at)
      take(0x80 | (unit & 0x3f), from, at)
    }
    this.#high = 0
  }
}

/** Passes each byte of the text to `take`. */
export function* decodedBytes(text: string, decoding: Decoding, take: ByteConsumer): SlicedComputation<void> {
  const decoder = new Decoder(text, decoding, take)
  for (let nextYield = stride; ; nextYield += stride) {
    while (decoder.at < text.length && decoder.at < nextYield) decoder.next()
    if (decoder.at >= text.length) return
    yield
  }
}
