import { badInput } from '../lib/errors.js'

/** Entries that a list in a filter may have. */
export const mostInFilter = 100

/** @throws RequestError BAD_USER_INPUT for a list that is too long. */
export function checkFilter(filter: Readonly<Record<string, unknown>>): void {
  for (const [field, value] of Object.entries(filter)) {
    if (Array.isArray(value) && value.length > mostInFilter) throw badInput(`"${field}" must have at most ${mostInFilter} entries.`)
  }
}

/** Of the values that are looked for, those that something could have: nothing is empty, and nothing stored has a NUL. */
export const findable = (values: readonly string[]): string[] => values.filter((value) => value !== '' && !value.includes('\0'))
