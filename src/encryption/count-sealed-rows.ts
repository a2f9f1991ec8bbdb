/**
 * How many rows are sealed under which master key, for whoever watches a reseal or waits to take a key away. Counting reads
 * every such row, so it is done page by page beside the requests, and not again for as long as {@link countKept} says.
 */
import type { MikroORM } from '@mikro-orm/core'
import type { Logger } from 'pino'

import type { QueryRunner } from '../database/query-runner.js'
import type { Clock } from '../lib/clock.js'
import { getKeyId } from '../lib/seal.js'
import type { Sample } from '../observability/prometheus.js'
import { sealedColumns, describeTable } from './sealed-columns.js'

/** Milliseconds. */
export const countKept = 600_000

/** Rows of one page: about a millisecond. */
const pageLength = 1000
/** Of an envelope: its version and the longest id of a key. */
const headLength = 40

interface CountDeps {
  readonly orm: MikroORM
  readonly queryRunner: QueryRunner
  readonly clock: Clock
  readonly log: Logger
}

async function countSealedRows({ orm, queryRunner }: CountDeps): Promise<Sample[]> {
  const samples: Sample[] = []
  for (const column of sealedColumns) {
    const { table, field } = describeTable(orm, column)
    const sql = `select id, substr(${field}, 1, ${headLength}) as head from ${table} where id > ? order by id limit ${pageLength}`
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
      // On SQLite the pages would otherwise follow one another without a turn for anybody else.
      await new Promise(setImmediate)
    }
    for (const [keyId, count] of counts) samples.push([[column.name, keyId], count])
  }
  return samples
}

/** Answers what was counted last, and begins anew when that is old; only the first waits. */
export function createSealedRowsGauge(app: CountDeps): () => Promise<readonly Sample[]> {
  let last: { readonly samples: Promise<readonly Sample[]>; readonly at: number } | undefined
  const count = (): Promise<readonly Sample[]> =>
    countSealedRows(app).catch((error: unknown) => {
      app.log.warn({ err: error }, 'sealed rows could not be counted')
      last = undefined
      return []
    })
  return () => {
    const now = app.clock().getTime()
    const known = last
    if (known && now - known.at < countKept) return known.samples
    const samples = count()
    last = { samples, at: now }
    return known ? known.samples : samples
  }
}
