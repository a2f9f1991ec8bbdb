/**
 * What is there at the moment, where something comes and goes with every request. A set would do, but V8 builds the table
 * of a busy set anew every few dozen changes and leaves a pointer to the new one in the old. As soon as one of them has grown
 * old, all later ones, with whatever stood in them, live until the next full collection.
 */
export class Registry<T> {
  readonly #entries: { readonly thing: T; place: number }[] = []

  get size(): number {
    return this.#entries.length
  }

  /** The answer takes it out again; twice does no more than once. */
  add(thing: T): () => void {
    const entry = { thing, place: this.#entries.length }
    this.#entries.push(entry)
    return () => {
      if (this.#entries[entry.place] !== entry) return
      const last = this.#entries.pop()!
      if (last === entry) return
      last.place = entry.place
      this.#entries[entry.place] = last
    }
  }

  /** What is there now, whatever comes and goes while somebody goes through it. */
  all(): T[] {
    return this.#entries.map(({ thing }) => thing)
  }
}
