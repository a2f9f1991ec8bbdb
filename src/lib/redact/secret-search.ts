/** Looks for secrets in the bytes of a text, and in what those bytes are the base64 of. */
import type { ByteAutomaton } from './byte-automaton.js'

/** Bytes as they are compared: letters in lower case, and a plus sign as the space that it may stand for (WHATWG URL). */
export const folded = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte === 0x2b ? 0x20 : byte,
)

/** What parts lines of base64 (RFC 2045 §6.8), what may follow it on the next line, and what ends the base64. */
const lineBreak = 64
const indent = 65
const other = 66
/** Bytes as digits of base64 and base64url. */
const digits = new Uint8Array(256).fill(other)
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
for (let i = 0; i < alphabet.length; i++) digits[alphabet.charCodeAt(i)] = i
digits['-'.charCodeAt(0)] = 62
digits['_'.charCodeAt(0)] = 63
for (const character of '\r\n') digits[character.charCodeAt(0)] = lineBreak
for (const character of ' \t') digits[character.charCodeAt(0)] = indent

/** Where in the text the latest entries stand, in a ring that grows to as many as may be asked for. */
class Places {
  readonly #from: number[] = []
  readonly #mask: number
  count = 0

  constructor(size: number) {
    this.#mask = 2 ** Math.ceil(Math.log2(size)) - 1
  }

  add(from: number): void {
    this.#from[this.count++ & this.#mask] = from
  }

  /** Of the entry so many before the next one. */
  before(entries: number): number {
    return this.#from[(this.count - entries) & this.#mask]!
  }
}

export class SecretSearch {
  readonly #places: Places
  #state = 0
  /** Of the digits of base64. */
  readonly #digitPlaces: Places
  /** Where a group of four digits begins is not known, so each of the four places has a state of its own. */
  readonly #states = new Uint32Array(4)
  #previous = other
  #isAfterBreak = false

  constructor(
    private readonly automaton: ByteAutomaton,
    private readonly isBase64: boolean,
    private readonly found: (from: number, to: number) => void,
  ) {
    this.#places = new Places(automaton.maxPatternBytes + 1)
    this.#digitPlaces = new Places(2 * automaton.maxPatternBytes + 4)
  }

  readonly take = (byte: number, from: number, to: number): void => {
    this.#places.add(from)
    this.#state = this.automaton.step(this.#state, folded[byte]!)
    const length = this.automaton.longest[this.#state]!
    if (length > 0) this.found(this.#places.before(length), to)
    if (this.isBase64) this.#takeDigit(digits[byte]!, from, to)
  }

  #takeDigit(digit: number, from: number, to: number): void {
    if (digit === lineBreak || (digit === indent && this.#isAfterBreak)) {
      this.#isAfterBreak = true
      return
    }
    this.#isAfterBreak = false
    if (digit >= indent) {
      if (this.#previous !== other) this.#states.fill(0)
      this.#previous = other
      return
    }
    const previous = this.#previous
    this.#previous = digit
    this.#digitPlaces.add(from)
    if (previous === other) return
    const bits = (previous << 6) | digit
    // This digit is the second, third or fourth of its group, and ends the first, second or third byte of it.
    this.#takeByte(1, (bits >> 4) & 0xff, to)
    this.#takeByte(2, (bits >> 2) & 0xff, to)
    this.#takeByte(3, bits & 0xff, to)
  }

  #takeByte(nth: number, byte: number, to: number): void {
    const group = (this.#digitPlaces.count - nth) & 3
    const state = this.automaton.step(this.#states[group]!, folded[byte]!)
    this.#states[group] = state
    const length = this.automaton.longest[state]!
    if (length > 0) this.found(this.#digitPlaces.before(digitsBack(nth, length)), to)
  }
}

/** How many digits of base64 so many bytes take, the last of which is the nth of its group. */
function digitsBack(nth: number, bytes: number): number {
  const first = nth - bytes
  // Byte 0 of a group begins in its digit 0, byte 1 in digit 1, byte 2 in digit 2.
  return nth + 1 - (4 * Math.floor(first / 3) + (((first % 3) + 3) % 3))
}
