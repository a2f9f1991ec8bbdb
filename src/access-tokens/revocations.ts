/**
 * Serializes a revocation list: unexpired credentials that verifiers must reject. It has revoked tokens by id, revoked keys
 * (all their tokens), and reset sandboxes (tokens issued before the reset).
 */
import { setImmediate } from 'node:timers/promises'

import {
  revocationPage,
  type RevocationSource,
  suspendedOrganizations,
  suspendedOrganization,
  deploymentRevocations,
  issuerRevocations,
} from '../database/queries/revocations.js'
import type { Parameter, QueryRunner } from '../database/query-runner.js'
import type { Issuer } from '../lib/issuer.js'

/**
 * Streams the list as JSON and tracks its earliest expiry. A row revoked during the read may be missing. The caller therefore
 * reads the list's version first, and recomputes when it has changed.
 */
export class RevocationSerializer {
  /** Earliest expiry among the entries, in milliseconds since 1970; complete once `parts` has ended. */
  nextExpiry = Infinity

  constructor(
    private readonly queryRunner: QueryRunner,
    private readonly issuer: Issuer | null,
    private readonly now: Date,
  ) {}

  /** Concatenated, the parts are one JSON object. */
  async *parts(): AsyncGenerator<string> {
    let opener = '{'
    for (const [name, sources] of Object.entries(this.issuer ? issuerRevocations : deploymentRevocations)) {
      yield `${opener}"${name}":[`
      let separator = ''
      for (const source of sources) {
        for (const scope of await this.#scopes(source)) {
          for await (const entries of this.#pages(source, scope)) {
            if (entries.length === 0) continue
            yield separator + entries.map((entry) => JSON.stringify(entry)).join(',')
            separator = ','
          }
        }
      }
      opener = '],'
    }
    yield ']}'
  }

  /** Parameters that scope a query to this list: one set per run of the query. */
  async #scopes({ isOfSuspended }: RevocationSource): Promise<string[][]> {
    const { issuer, queryRunner } = this
    if (!isOfSuspended) return [issuer ? [issuer.organizationId, issuer.environment] : []]
    const rows = await (issuer
      ? queryRunner.readAll(suspendedOrganization, [issuer.organizationId])
      : queryRunner.readAll(suspendedOrganizations, []))
    return rows.map((row) => [row['id'] as string, ...(issuer ? [issuer.environment] : [])])
  }

  async *#pages({ query, columns, start, until, entry }: RevocationSource, scope: readonly string[]): AsyncGenerator<unknown[]> {
    let cursor: readonly Parameter[] = [start(this.now), '']
    for (;;) {
      const rows = await this.queryRunner.readAll(query, [...scope, ...cursor])
      const listed = rows.filter((row) => until(row) > this.now)
      for (const row of listed) this.nextExpiry = Math.min(this.nextExpiry, until(row).getTime())
      yield listed.map(entry)
      const last = rows.at(-1)
      if (!last || rows.length < revocationPage) return
      cursor = columns.map((column) => last[column] as Parameter)
      // SQLite reads are synchronous: yield to the event loop between pages.
      await setImmediate()
    }
  }
}
