/** Insert statements of the PostgreSQL journal: each takes its rows as one JSON parameter, so it is prepared once. */
import type { MetadataStorage } from '@mikro-orm/core'

import type { Statement } from '../database/pipeline.js'
import { advanceHeads } from '../database/queries/audit-heads.js'
import { insertRows } from '../database/queries/inserts.js'
import { describeTable, toColumnValue } from '../database/row-mapper.js'
import { AuditEvent } from '../entities/audit-event.js'
import type { ChainedEvent, ChainHead } from './chain.js'
import type { AppendedRow } from './journal.js'

/** One statement per table and conflict clause, for any number of rows. */
export function buildInserts(metadata: MetadataStorage, rows: readonly AppendedRow[]): Statement[] {
  const groups = Map.groupBy(rows, ({ entity, onConflict }) => `${onConflict?.name ?? 'new'} ${describeTable(metadata, entity).name}`)
  return [...groups].map(([name, [first, ...rest]]) => {
    const { entity, onConflict } = first!
    const table = describeTable(metadata, entity)
    const values = [first!, ...rest].map(({ row }) =>
      Object.fromEntries(table.columns.map((column) => [column.name, toColumnValue(row, column)])),
    )
    return { name: `insert ${name}`, text: insertRows(table, onConflict), values: [JSON.stringify(values)] }
  })
}

/** Inserts chained events and advances the heads of their chains. */
export function buildEventInserts(
  metadata: MetadataStorage,
  events: readonly ChainedEvent[],
  heads: ReadonlyMap<string, ChainHead>,
): Statement[] {
  if (events.length === 0) return []
  const changedHeads = [...new Set(events.map((event) => event.organizationId))].map((id) => [id, heads.get(id)!] as const)
  return [
    ...buildInserts(
      metadata,
      events.map((row) => ({ entity: AuditEvent, row })),
    ),
    advanceHeads(changedHeads),
  ]
}
