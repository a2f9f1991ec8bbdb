/** SQL on sealed columns. Their names are those of the database, which MikroORM does not map in raw SQL. */
import { raw } from '@mikro-orm/core'

import type { Condition } from './lists.js'

/** A sealed column, by its names in the database. */
export interface SealedField {
  readonly table: string
  readonly field: string
}

/** One page in id order, with the first characters of each envelope as `head`. Parameter: the last id of the previous page. */
export const selectEnvelopeHeads = ({ table, field }: SealedField, length: number, limit: number): string =>
  `select id, substr(${field}, 1, ${length}) as head from ${table} where id > ? order by id limit ${limit}`

/** `substr`, since `like` ignores case on SQLite ("K1" would match "k1"). */
export const startsWith = ({ field }: SealedField, prefix: string): Condition => ({
  [raw(`substr(${field}, 1, ${prefix.length}) = ?`, [prefix])]: [],
})
