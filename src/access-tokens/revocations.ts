/**
 * The content of a revocation list: what verifiers must no longer believe although it has not expired. Tokens by id, keys
 * whose tokens died with them, and sandboxes whose earlier tokens died by a reset.
 */
import { setImmediate } from 'node:timers/promises'

import { revocationPage, type Source, suspended, ifSuspended, ofDeployment, ofIssuer } from '../database/queries/revocations.js'
import type { Parameter, QueryRunner } from '../database/query-runner.js'
import type { Issuer } from '../lib/issuer.js'

/**
 * The list as JSON, in parts, and when its next entry expires. A row that is revoked meanwhile may be missing: the caller
 * reads the version before, so it finds a new one at its next look.
 */
export class Revocations {
  nextExpiry = Infinity

  constructor(
    private readonly reader: QueryRunner,
    private readonly issuer: Issuer | null,
    private readonly now: Date,
  ) {}

  async *parts(): AsyncGenerator<string> {
    let opening = '{'
    for (const [name, sources] of Object.entries(this.issuer ? ofIssuer : ofDeployment)) {
      yield `${opening}"${name}":[`
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
      opening = '],'
    }
    yield ']}'
  }

  /** Parameters that confine a query to what belongs on this list. */
  async #scopes({ isOfSuspended }: Source): Promise<string[][]> {
    const { issuer, reader } = this
    if (!isOfSuspended) return [issuer ? [issuer.organizationId, issuer.environment] : []]
    const rows = await (issuer ? reader.readAll(ifSuspended, [issuer.organizationId]) : reader.readAll(suspended, []))
    return rows.map((row) => [row['id'] as string, ...(issuer ? [issuer.environment] : [])])
  }

  async *#pages({ query, columns, start, until, entry }: Source, scope: readonly string[]): AsyncGenerator<unknown[]> {
    let cursor: readonly Parameter[] = [start(this.now), '']
    for (;;) {
      const rows = await this.reader.readAll(query, [...scope, ...cursor])
      const listed = rows.filter((row) => until(row) > this.now)
      for (const row of listed) this.nextExpiry = Math.min(this.nextExpiry, until(row).getTime())
      yield listed.map(entry)
      const last = rows.at(-1)
      if (!last || rows.length < revocationPage) return
      cursor = columns.map((column) => last[column] as Parameter)
      // Reads on SQLite take no turn of the loop.
      await setImmediate()
    }
  }
}
