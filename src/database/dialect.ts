import { raw } from '@mikro-orm/core'

import { badUserInput } from '../lib/errors.js'

/** `?` as PostgreSQL wants it. */
export const toPositional = (sql: string): string => {
  let count = 0
  return sql.replaceAll('?', () => `$${++count}`)
}

/** Characters that a search may have: no text that is searched is longer. */
const maxSearchLength = 255

/**
 * A condition that a text column contains the words, without regard to the case of ASCII letters.
 * @throws RequestError BAD_USER_INPUT for more words than any text has.
 */
export function containsFilter(
  { app }: { readonly app: { readonly config: { readonly databaseUrl: string | undefined } } },
  column: string,
  words: string,
): Record<PropertyKey, unknown> {
  if (words.length > maxSearchLength) throw badUserInput(`"search" must have at most ${maxSearchLength} characters.`)
  // No stored text has a NUL, and neither database can be asked about one.
  if (words.includes('\0')) return { id: '' }
  const pattern = words.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()).replaceAll(/[!%_]/g, (special) => `!${special}`)
  // Elsewhere than in "C" PostgreSQL lowers letters of other languages too, and a Turkish one's I to another letter.
  const text = app.config.databaseUrl === undefined ? column : `${column} collate "C"`
  return { [raw(`lower(${text}) like ? escape '!'`, [`%${pattern}%`])]: [] }
}
