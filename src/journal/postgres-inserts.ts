/** Insert statements of the PostgreSQL journal: each takes its rows as one JSON parameter, so it is prepared once. */
import type { MetadataStorage } from '@mikro-orm/core'

import type { Statement } from '../database/pipeline.js'
import { advanceHeads } from '../database/queries/audit-heads.js'
import { describeTable, toColumnValue } from '../database/row-mapper.js'
import { AuditEvent } from '../entities/audit-event.js'
import type { ChainedEvent, ChainHead } from './chain.js'
import type { AppendedRow } from './journal.js'

/** One statement per table, for any number of rows. */
export function buildInserts(metadata: MetadataStorage, rows: readonly AppendedRow[]): Statement[] {
  const groups = Map.groupBy(rows, (row) => `${row.skipIfExists ? 'if absent' : 'new'} ${describeTable(metadata, row.entity).name}`)
  return [...groups].map(([name, [first, ...rest]]) => {
    const table = describeTable(metadata, first!.entity)
    const columns = table.columns.map((column) => `"${column.name}"`).join(', ')
    const values = [first!, ...rest].map(({ row }) =>
      Object.fromEntries(table.columns.map((column) => [column.name, toColumnValue(row, column)])),
    )
    return {
      name: `insert ${name}`,
      text: `insert into "${table.name}" (${columns}) select ${columns} from json_populate_recordset(null::"${table.name}", $1)${first!.skipIfExists ? ' on conflict do nothing' : ''}`,
      values: [JSON.stringify(values)],
    }
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
