/** Gauge of sealed rows by column and master key, for monitoring a reseal and the removal of a key. */
import type { MikroORM } from '@mikro-orm/core'
import type { Logger } from 'pino'

import { selectEnvelopeHeads } from '../database/queries/sealed-columns.js'
import type { QueryRunner } from '../database/query-runner.js'
import type { Clock } from '../lib/clock.js'
import { getKeyId } from '../lib/crypto/seal.js'
import type { Sample } from '../observability/prometheus.js'
import { sealedColumns, describeSealedField } from './sealed-columns.js'

/** How long a count is cached, in milliseconds: counting reads every sealed row. */
export const countCacheTtlMs = 600_000

/** Rows of one page, which takes about a millisecond. */
const pageLength = 1000
/** Prefix of an envelope in characters: its version and the longest key id. */
const prefixLength = 40

interface CountDeps {
  readonly orm: MikroORM
  readonly queryRunner: QueryRunner
  readonly clock: Clock
  readonly log: Logger
}

async function countSealedRows({ orm, queryRunner }: CountDeps): Promise<Sample[]> {
  const samples: Sample[] = []
  for (const column of sealedColumns) {
    const sql = selectEnvelopeHeads(describeSealedField(orm, column), prefixLength, pageLength)
    const counts = new Map<string, number>()
    for (let after = ''; ;) {
      const rows = await queryRunner.queryAll(sql, [after])
      for (const { head } of rows) {
        if (typeof head !== 'string') continue
        const keyId = getKeyId(head)
        counts.set(keyId, (counts.get(keyId) ?? 0) + 1)
      }
      if (rows.length < pageLength) break
      after = String(rows.at(-1)!['id'])
      // SQLite answers synchronously: without this, the pages would block the event loop for the whole count.
      await new Promise(setImmediate)
    }
    for (const [keyId, count] of counts) samples.push([[column.name, keyId], count])
  }
  return samples
}

/** Returns the cached count and starts a new one when it has expired. Only the first call waits for a count. */
export function createSealedRowsGauge(deps: CountDeps): () => Promise<readonly Sample[]> {
  let last: { readonly samples: Promise<readonly Sample[]>; readonly at: number } | undefined
  const count = (): Promise<readonly Sample[]> =>
    countSealedRows(deps).catch((error: unknown) => {
      deps.log.warn({ err: error }, 'sealed rows could not be counted')
      last = undefined
      return []
    })
  return () => {
    const now = deps.clock().getTime()
    const cached = last
    if (cached && now - cached.at < countCacheTtlMs) return cached.samples
    const samples = count()
    last = { samples, at: now }
    return cached ? cached.samples : samples
  }
}
