/** Differences between PostgreSQL and SQLite: parameters, column values and SQL. */
import { raw } from '@mikro-orm/core'

import { badUserInput } from '../lib/errors.js'

/** Parameter as SQLite binds it: dates in milliseconds, booleans as 0 and 1. PostgreSQL's driver takes both as they are. */
export const toSqliteParameter = (parameter: unknown): unknown => {
  if (parameter instanceof Date) return parameter.getTime()
  return typeof parameter === 'boolean' ? Number(parameter) : parameter
}

/** Date of a column value: SQLite returns milliseconds, PostgreSQL a Date, or text without type parsing. */
export const toDate = (value: unknown): Date => new Date(value as number | string | Date)

export const toDateOrNull = (value: unknown): Date | null => (value == null ? null : toDate(value))

/** Value of a JSON column: SQLite returns its text, PostgreSQL the parsed value. */
export const toJson = (value: unknown): unknown => (typeof value === 'string' ? JSON.parse(value) : (value ?? null))

/** Replaces each `?` with a positional parameter of PostgreSQL. */
export const toPositional = (sql: string): string => {
  let count = 0
  return sql.replaceAll('?', () => `$${++count}`)
}

/** Maximum characters of a search text: no searched column is longer. */
const maxSearchLength = 255

/**
 * Condition that a text column contains the search text, ignoring the case of ASCII letters.
 * @throws RequestError BAD_USER_INPUT for a search text above 255 characters
 */
export function containsFilter(
  { services }: { readonly services: { readonly config: { readonly databaseUrl: string | undefined } } },
  column: string,
  searchText: string,
): Record<PropertyKey, unknown> {
  if (searchText.length > maxSearchLength) throw badUserInput(`"search" must have at most ${maxSearchLength} characters.`)
  // No stored text contains NUL, and neither database accepts it in a query.
  if (searchText.includes('\0')) return { id: '' }
  const pattern = searchText.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()).replaceAll(/[!%_]/g, (special) => `!${special}`)
  // With other collations, `lower` affects letters beyond ASCII too; the Turkish one maps I to a dotless i.
  const operand = services.config.databaseUrl === undefined ? column : `${column} collate "C"`
  return { [raw(`lower(${operand}) like ? escape '!'`, [`%${pattern}%`])]: [] }
}
