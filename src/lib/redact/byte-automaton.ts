/**
 * Finds many patterns in one pass (Aho and Corasick, "Efficient string matching", 1975): a trie of the patterns, in which
 * each state knows the longest of its suffixes that begins a pattern too. Linear whatever the text and the patterns are.
 */
import type { Work } from '../slices.js'

/** Marks a state that follows the one numbered before it, which is so for all but the first of a branch. */
const follows = 256

/** States between two pauses. */
const stride = 4096

export class ByteAutomaton {
  /** By state: the length of the longest pattern that ends here; 0: none. */
  readonly longest: Uint32Array
  readonly maxPatternBytes: number
  readonly #failure: Uint32Array
  /** By state: the byte that leads to it, and {@link follows}. */
  readonly #label: Uint16Array
  readonly #root = new Uint32Array(256)
  /** Second and later ways out of a state. */
  readonly #branches = new Map<number, number>()
  #states = 1

  private constructor(patterns: readonly Uint8Array[]) {
    const size = patterns.reduce((sum, pattern) => sum + pattern.length, 1)
    this.longest = new Uint32Array(size)
    this.#failure = new Uint32Array(size)
    // One more, so that every state has a next one to look at.
    this.#label = new Uint16Array(size + 1)
    this.maxPatternBytes = patterns.reduce((most, { length }) => Math.max(most, length), 0)
  }

  static *of(patterns: readonly Uint8Array[]): Work<ByteAutomaton> {
    const made = new ByteAutomaton(patterns)
    yield* made.#add(patterns)
    yield* made.#link(patterns)
    return made
  }

  /** The state after one more byte. */
  step(from: number, byte: number): number {
    for (let state = from; ; state = this.#failure[state]!) {
      const next = this.#child(state, byte)
      if (next !== 0 || state === 0) return next
    }
  }

  /** 0: none. */
  #child(state: number, byte: number): number {
    if (state === 0) return this.#root[byte]!
    if (this.#label[state + 1] === (byte | follows)) return state + 1
    return this.#branches.size === 0 ? 0 : (this.#branches.get(state * 256 + byte) ?? 0)
  }

  *#add(patterns: readonly Uint8Array[]): Work<void> {
    for (const pattern of patterns) {
      let state = 0
      for (let i = 0; i < pattern.length; i++) {
        if (i % stride === stride - 1) yield
        state = this.#child(state, pattern[i]!) || this.#append(state, pattern[i]!)
      }
      this.longest[state] = pattern.length
    }
  }

  #append(parent: number, byte: number): number {
    const state = this.#states++
    if (parent === 0) this.#root[byte] = state
    else if (parent === state - 1) this.#label[state] = byte | follows
    else this.#branches.set(parent * 256 + byte, state)
    return state
  }

  /** Level by level, since a failure leads to a state that is less deep. */
  *#link(patterns: readonly Uint8Array[]): Work<void> {
    const reached = new Uint32Array(patterns.length)
    let steps = 0
    for (let depth = 0; depth < this.maxPatternBytes; depth++) {
      for (let i = 0; i < patterns.length; i++) {
        if (++steps % stride === 0) yield
        const byte = patterns[i]![depth]
        if (byte === undefined) continue
        const parent = reached[i]!
        const state = this.#child(parent, byte)
        const failure = parent === 0 ? 0 : this.step(this.#failure[parent]!, byte)
        this.#failure[state] = failure
        this.longest[state] ||= this.longest[failure]!
        reached[i] = state
      }
    }
  }
}
