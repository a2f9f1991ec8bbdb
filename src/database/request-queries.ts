/** The tenant queries of one request: one after another, in one place of the organization's queue, however many there are. */
import { setImmediate } from 'node:timers/promises'

import type { TenantQuery, TenantQueryRunner } from './query-runner.js'
import type { Row } from './row-mapper.js'

export interface RunningQuery {
  readonly rows: Promise<readonly Row[]>
  /** Resolves when the query takes no more of the database; later than `rows` when the query ran out of time. */
  readonly done: Promise<unknown>
}

interface Pending {
  readonly query: TenantQuery
  readonly resolve: (rows: readonly Row[]) => void
  readonly reject: (error: unknown) => void
}

export class RequestQueries implements TenantQueryRunner {
  #pending: Pending[] = []
  #isAdmitted = false

  constructor(
    /** Waits for the request's turn, or throws. */
    private readonly admit: (work: () => Promise<void>) => Promise<void>,
    private readonly start: (query: TenantQuery) => RunningQuery,
    private readonly assertActive: () => void,
  ) {}

  run(query: TenantQuery): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ query, resolve, reject })
      if (!this.#isAdmitted) void this.#work()
    })
  }

  async #work(): Promise<void> {
    this.#isAdmitted = true
    try {
      await this.admit(() => this.#drain())
    } catch (error) {
      for (const { reject } of this.#pending.splice(0)) reject(error)
    } finally {
      this.#isAdmitted = false
      // Asked for after the last turn, and before the place in the queue was given back.
      if (this.#pending.length > 0) void this.#work()
    }
  }

  async #drain(): Promise<void> {
    for (let next = this.#pending.shift(); next; next = this.#pending.shift()) {
      await this.#answer(next)
      // SQLite answers in microtasks: without a turn of the loop many lists hold it as one. Nested lists begin meanwhile.
      await setImmediate()
    }
  }

  async #answer({ query, resolve, reject }: Pending): Promise<void> {
    try {
      this.assertActive()
      const { rows, done } = this.start(query)
      rows.then(resolve, reject)
      await done
    } catch (error) {
      reject(error)
    }
  }
}
