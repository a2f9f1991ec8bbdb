/** SQL differences between PostgreSQL and SQLite. */
import { raw } from '@mikro-orm/core'

import { badUserInput } from '../lib/errors.js'

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
