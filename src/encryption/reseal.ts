/** `keyhouse vault reseal`: re-encrypts every sealed value with the newest master key while the server runs. */
import { setTimeout as wait } from 'node:timers/promises'

import type { MikroORM } from '@mikro-orm/core'

import { isUnavailable } from '../database/database-errors.js'
import { open, seal, getKeyId, SealError, type MasterKeys } from '../lib/crypto/seal.js'
import {
  countNotSealedWith,
  replaceEnvelope,
  findRowsById,
  findNotSealedWith,
  sealedColumns,
  type SealedColumn,
  type SealedRow,
} from './sealed-columns.js'

/** Rows between two progress reports. */
const pageSize = 100
/** Passes over all columns: a server with an older configuration may still seal with an older key meanwhile. */
const maxPasses = 3
/** Attempts at one row while another process locks the database, 100 ms apart. */
const maxAttempts = 50

/** Result of a reseal: row counts, and the id of the newest master key. */
export interface ResealResult {
  readonly newest: string
  readonly resealed: number
  /** Rows that another process changed or wiped between read and update. */
  readonly overtaken: number
  /** Rows that do not open, as column name and id. */
  readonly failed: readonly string[]
  /** Rows still sealed with another key. */
  readonly remaining: number
}

/** Progress callback. */
export type Report = (columnName: string, done: number, total: number) => void

interface Tally {
  resealed: number
  overtaken: number
  readonly failed: Set<string>
}

/**
 * Each row is opened, sealed, opened again, then replaced if unchanged; each page is read back. The envelopes themselves
 * record the progress, so a run that was killed continues with the next one.
 */
export async function reseal(orm: MikroORM, masterKeys: MasterKeys, report: Report): Promise<ResealResult> {
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
  const envelope = resealEnvelope(masterKeys, row)
  if (envelope === undefined) return void tally.failed.add(`${column.name} ${row.id}`)
  if (await retryWhileLocked(() => replaceEnvelope(orm, column, row, envelope))) tally.resealed++
  else tally.overtaken++
}

/** The value sealed with the newest key; undefined if it does not open. */
function resealEnvelope(masterKeys: MasterKeys, { aad, envelope }: SealedRow): string | undefined {
  try {
    const plaintext = open(masterKeys, aad, envelope)
    const resealed = seal(masterKeys, aad, plaintext)
    if (open(masterKeys, aad, resealed) !== plaintext) throw new TypeError('a sealed value decrypts to another value')
    return resealed
  } catch (error) {
    if (error instanceof SealError) return undefined
    throw error
  }
}

/** Reads the page back: every row with the newest key must open. */
async function verify(
  orm: MikroORM,
  masterKeys: MasterKeys,
  column: SealedColumn,
  rows: readonly SealedRow[],
  tally: Tally,
): Promise<void> {
  const current = await findRowsById(
    orm,
    column,
    rows.map(({ id }) => id),
  )
  for (const row of current) {
    const isOpen = getKeyId(row.envelope) !== masterKeys[0].id || resealEnvelope(masterKeys, row) !== undefined
    if (!isOpen) tally.failed.add(`${column.name} ${row.id}`)
  }
}

/** Retries while another process locks the database. */
async function retryWhileLocked<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!isUnavailable(error) || attempt === maxAttempts) throw error
      await wait(100)
    }
  }
}
