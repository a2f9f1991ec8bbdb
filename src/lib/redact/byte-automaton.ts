/**
 * Multi-pattern search in one pass (Aho and Corasick, "Efficient string matching", 1975).
 * The states form a trie of the patterns. The failure link of a state leads to its longest suffix that is also in the trie.
 * Time is linear for any text and patterns.
 */
import type { SlicedComputation } from '../slices.js'

/** Marks a state whose parent has the preceding number: every state except the first of a branch. */
const sequential = 256

/** States between two yields. */
const stride = 4096

export class ByteAutomaton {
  /** By state: length of the longest pattern that ends here, or 0. */
  readonly maxLength: Uint32Array
  readonly maxPatternBytes: number
  readonly #failure: Uint32Array
  /** By state: the byte that leads to it, with the flag {@link sequential}. */
  readonly #label: Uint16Array
  readonly #root = new Uint32Array(256)
  /** Second and later transitions of a state, by state × 256 + byte. */
  readonly #branches = new Map<number, number>()
  #states = 1

  private constructor(patterns: readonly Uint8Array[]) {
    const size = patterns.reduce((sum, pattern) => sum + pattern.length, 1)
    this.maxLength = new Uint32Array(size)
    this.#failure = new Uint32Array(size)
    // One more, since `#child` reads the label of the next state.
    this.#label = new Uint16Array(size + 1)
    this.maxPatternBytes = patterns.reduce((max, { length }) => Math.max(max, length), 0)
  }

  static *of(patterns: readonly Uint8Array[]): SlicedComputation<ByteAutomaton> {
    const automaton = new ByteAutomaton(patterns)
    yield* automaton.#add(patterns)
    yield* automaton.#link(patterns)
    return automaton
  }

  /** State after one more byte. */
  step(from: number, byte: number): number {
    for (let state = from; ; state = this.#failure[state]!) {
      const next = this.#child(state, byte)
      if (next !== 0 || state === 0) return next
    }
  }

  /** Child of a state by a byte, or 0. */
  #child(state: number, byte: number): number {
    if (state === 0) return this.#root[byte]!
    if (this.#label[state + 1] === (byte | sequential)) return state + 1
    return this.#branches.size === 0 ? 0 : (this.#branches.get(state * 256 + byte) ?? 0)
  }

  *#add(patterns: readonly Uint8Array[]): SlicedComputation<void> {
    for (const pattern of patterns) {
      let state = 0
      for (let i = 0; i < pattern.length; i++) {
        if (i % stride === stride - 1) yield
        state = this.#child(state, pattern[i]!) || this.#append(state, pattern[i]!)
      }
      this.maxLength[state] = pattern.length
    }
  }

  #append(parent: number, byte: number): number {
    const state = this.#states++
    if (parent === 0) this.#root[byte] = state
    else if (parent === state - 1) this.#label[state] = byte | sequential
    else this.#branches.set(parent * 256 + byte, state)
    return state
  }

  /** Sets failure links level by level, since each leads to a state of a lower depth. */
  *#link(patterns: readonly Uint8Array[]): SlicedComputation<void> {
    const states = new Uint32Array(patterns.length)
    let steps = 0
    for (let depth = 0; depth < this.maxPatternBytes; depth++) {
      for (let i = 0; i < patterns.length; i++) {
        if (++steps % stride === 0) yield
        const byte = patterns[i]![depth]
        if (byte === undefined) continue
        const parent = states[i]!
        const state = this.#child(parent, byte)
        const failure = parent === 0 ? 0 : this.step(this.#failure[parent]!, byte)
        this.#failure[state] = failure
        this.maxLength[state] ||= this.maxLength[failure]!
        states[i] = state
      }
    }
  }
}
