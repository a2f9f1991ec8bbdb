/** Validates the values of list filters. */
import { badUserInput } from '../lib/errors.js'

/** Maximum entries of a list in a filter. */
export const maxFilterValues = 100

/** @throws RequestError BAD_USER_INPUT for a list that is too long. */
export function validateFilter(filter: Readonly<Record<string, unknown>>): void {
  for (const [field, value] of Object.entries(filter)) {
    if (Array.isArray(value) && value.length > maxFilterValues)
      throw badUserInput(`"${field}" must have at most ${maxFilterValues} entries.`)
  }
}

/** Drops values that no stored row can have: the empty string, and text with NUL, on which PostgreSQL fails. */
export const queryableValues = (values: readonly string[]): string[] => values.filter((value) => value !== '' && !value.includes('\0'))
