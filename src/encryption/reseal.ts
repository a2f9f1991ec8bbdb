/**
 * `keyhouse vault reseal`: moves everything that is sealed to the newest master key, while serving. Each row is opened,
 * sealed, opened again and only then replaced, if nobody changed it meanwhile; each page is read back. What is done is
 * written in the rows themselves, so a run that was killed is gone on with by starting another.
 */
import { setTimeout as wait } from 'node:timers/promises'

import type { MikroORM } from '@mikro-orm/core'

import { isUnavailable } from '../database/database-errors.js'
import { open, seal, getKeyId, SealError, type MasterKeys } from '../lib/seal.js'
import {
  countNotSealedWith,
  replaceEnvelope,
  rowsById,
  findNotSealedWith,
  sealedColumns,
  type SealedColumn,
  type SealedRow,
} from './sealed-columns.js'

/** Rows between two lines of progress. */
const pageSize = 100
/** A server of an older configuration may seal under the older key while this runs. */
const maxPasses = 3
/** Tries of one row while another process holds the database, a tenth of a second apart. */
const patience = 50

export interface Resealed {
  readonly newest: string
  readonly resealed: number
  /** Rows that were revoked or changed by someone else in the moment between. */
  readonly overtaken: number
  /** Rows that do not open, by kind and id. */
  readonly failed: readonly string[]
  /** Rows that are still under another key. */
  readonly remaining: number
}

export type Report = (what: string, done: number, total: number) => void

interface Tally {
  resealed: number
  overtaken: number
  readonly failed: Set<string>
}

export async function reseal(orm: MikroORM, masterKeys: MasterKeys, report: Report): Promise<Resealed> {
  const newest = masterKeys[0].id
  const tally: Tally = { resealed: 0, overtaken: 0, failed: new Set() }
  const remaining = async (): Promise<number> => {
    const counts = await Promise.all(sealedColumns.map((column) => countNotSealedWith(orm, column, [newest])))
    return counts.reduce((sum, count) => sum + count, 0)
  }
  let left = await remaining()
  for (let pass = 1; pass <= maxPasses && left > tally.failed.size; pass++) {
    for (const column of sealedColumns) await resealColumn(orm, masterKeys, column, tally, report)
    left = await remaining()
  }
  return { newest, resealed: tally.resealed, overtaken: tally.overtaken, failed: [...tally.failed], remaining: left }
}

async function resealColumn(orm: MikroORM, masterKeys: MasterKeys, column: SealedColumn, tally: Tally, report: Report): Promise<void> {
  const newest = masterKeys[0].id
  const total = await countNotSealedWith(orm, column, [newest])
  let done = 0
  let after = ''
  for (;;) {
    const rows = await findNotSealedWith(orm, column, [newest], { after, limit: pageSize })
    const last = rows.at(-1)
    if (!last) return
    for (const row of rows) await resealRow(orm, masterKeys, column, row, tally)
    await verify(orm, masterKeys, column, rows, tally)
    after = last.id
    done += rows.length
    report(column.name, done, Math.max(done, total))
  }
}

async function resealRow(orm: MikroORM, masterKeys: MasterKeys, column: SealedColumn, row: SealedRow, tally: Tally): Promise<void> {
  const envelope = moved(masterKeys, row)
  if (envelope === undefined) return void tally.failed.add(`${column.name} ${row.id}`)
  if (await patiently(() => replaceEnvelope(orm, column, row, envelope))) tally.resealed++
  else tally.overtaken++
}

/** The same value under the newest key; undefined when it does not open. */
function moved(masterKeys: MasterKeys, { aad, envelope }: SealedRow): string | undefined {
  try {
    const plain = open(masterKeys, aad, envelope)
    const fresh = seal(masterKeys, aad, plain)
    if (open(masterKeys, aad, fresh) !== plain) throw new TypeError('a value that was just sealed opens to another')
    return fresh
  } catch (error) {
    if (error instanceof SealError) return undefined
    throw error
  }
}

/** Every row of the page as the database has it now must open. */
async function verify(
  orm: MikroORM,
  masterKeys: MasterKeys,
  column: SealedColumn,
  rows: readonly SealedRow[],
  tally: Tally,
): Promise<void> {
  const now = await rowsById(
    orm,
    column,
    rows.map(({ id }) => id),
  )
  for (const row of now) {
    const isOpen = getKeyId(row.envelope) !== masterKeys[0].id || moved(masterKeys, row) !== undefined
    if (!isOpen) tally.failed.add(`${column.name} ${row.id}`)
  }
}

async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (!isUnavailable(error) || tries === patience) throw error
      await wait(100)
    }
  }
}
