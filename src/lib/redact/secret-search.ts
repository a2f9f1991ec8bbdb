/** Search for secrets in the bytes of a text, and in their base64 decoding. */
import type { ByteAutomaton } from './byte-automaton.js'

/** Normalized bytes for comparison: lower-case letters, and a space for a plus sign (WHATWG URL form encoding). */
export const normalizedBytes = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte === 0x2b ? 0x20 : byte,
)

/** Classes of bytes that are not digits: a line break in base64 (RFC 2045 §6.8), its indentation, the end of base64. */
const lineBreak = 64
const indent = 65
const nonDigit = 66
/** Digit of base64 or base64url by byte, or one of the classes above. */
const digits = new Uint8Array(256).fill(nonDigit)
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
for (let i = 0; i < alphabet.length; i++) digits[alphabet.charCodeAt(i)] = i
digits['-'.charCodeAt(0)] = 62
digits['_'.charCodeAt(0)] = 63
for (const character of '\r\n') digits[character.charCodeAt(0)] = lineBreak
for (const character of ' \t') digits[character.charCodeAt(0)] = indent

/** Ring buffer with the positions of the latest entries in the text. */
class PositionRing {
  readonly #from: number[] = []
  readonly #mask: number
  count = 0

  constructor(size: number) {
    this.#mask = 2 ** Math.ceil(Math.log2(size)) - 1
  }

  add(from: number): void {
    this.#from[this.count++ & this.#mask] = from
  }

  /** Position of the entry that lies this many entries before the next one. */
  before(entries: number): number {
    return this.#from[(this.count - entries) & this.#mask]!
  }
}

/** Receives the bytes of `decodedBytes` one by one and reports each match as a range of the text. */
export class SecretSearch {
  readonly #positions: PositionRing
  #state = 0
  /** Positions of base64 digits. */
  readonly #digitPositions: PositionRing
  /** One state for each of the four alignments, since the start of a group of four digits is unknown. */
  readonly #states = new Uint32Array(4)
  #previous = nonDigit
  #isAfterBreak = false

  constructor(
    private readonly automaton: ByteAutomaton,
    private readonly isBase64: boolean,
    private readonly onMatch: (from: number, to: number) => void,
  ) {
    this.#positions = new PositionRing(automaton.maxPatternBytes + 1)
    this.#digitPositions = new PositionRing(2 * automaton.maxPatternBytes + 4)
  }

  readonly take = (byte: number, from: number, to: number): void => {
    this.#positions.add(from)
    this.#state = this.automaton.step(this.#state, normalizedBytes[byte]!)
    const length = this.automaton.maxLength[this.#state]!
    if (length > 0) this.onMatch(this.#positions.before(length), to)
    if (this.isBase64) this.#takeDigit(digits[byte]!, from, to)
  }

  #takeDigit(digit: number, from: number, to: number): void {
    if (digit === lineBreak || (digit === indent && this.#isAfterBreak)) {
      this.#isAfterBreak = true
      return
    }
    this.#isAfterBreak = false
    if (digit >= indent) {
      if (this.#previous !== nonDigit) this.#states.fill(0)
      this.#previous = nonDigit
      return
    }
    const previous = this.#previous
    this.#previous = digit
    this.#digitPositions.add(from)
    if (previous === nonDigit) return
    const bits = (previous << 6) | digit
    // As second, third or fourth digit of a group, this digit completes the first, second or third byte.
    this.#takeByte(1, (bits >> 4) & 0xff, to)
    this.#takeByte(2, (bits >> 2) & 0xff, to)
    this.#takeByte(3, bits & 0xff, to)
  }

  #takeByte(nth: number, byte: number, to: number): void {
    const group = (this.#digitPositions.count - nth) & 3
    const state = this.automaton.step(this.#states[group]!, normalizedBytes[byte]!)
    this.#states[group] = state
    const length = this.automaton.maxLength[state]!
    if (length > 0) this.onMatch(this.#digitPositions.before(digitsBack(nth, length)), to)
  }
}

/** Number of base64 digits that encode `bytes` bytes, when the last byte is the nth of its group. */
function digitsBack(nth: number, bytes: number): number {
  const first = nth - bytes
  // Byte n of a group begins in digit n, counted from 0.
  return nth + 1 - (4 * Math.floor(first / 3) + (((first % 3) + 3) % 3))
}
