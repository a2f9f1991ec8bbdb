/** Tenant queries of one request: they run one after another and share one slot of the organization's queue. */
import { setImmediate } from 'node:timers/promises'

import type { TenantQuery, TenantQueryRunner } from './query-runner.js'
import type { Row } from './row-mapper.js'

export interface RunningQuery {
  readonly rows: Promise<readonly Row[]>
  /** Resolves when the query no longer uses the database, which is after `rows` if the query timed out. */
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
    /** Waits for a slot and runs `work` in it. @throws RequestError when the queue is full */
    private readonly admit: (work: () => Promise<void>) => Promise<void>,
    private readonly start: (query: TenantQuery) => RunningQuery,
    private readonly assertActive: () => void,
  ) {}

  run(query: TenantQuery): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ query, resolve, reject })
      if (!this.#isAdmitted) void this.#runPending()
    })
  }

  async #runPending(): Promise<void> {
    this.#isAdmitted = true
    try {
      await this.admit(() => this.#drain())
    } catch (error) {
      for (const { reject } of this.#pending.splice(0)) reject(error)
    } finally {
      this.#isAdmitted = false
      // A query may arrive after the last one and before the release of the slot.
      if (this.#pending.length > 0) void this.#runPending()
    }
  }

  async #drain(): Promise<void> {
    for (let next = this.#pending.shift(); next; next = this.#pending.shift()) {
      await this.#runQuery(next)
      // SQLite resolves in microtasks, so many lists would block the event loop. Nested lists start in the meantime.
      await setImmediate()
    }
  }

  async #runQuery({ query, resolve, reject }: Pending): Promise<void> {
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
