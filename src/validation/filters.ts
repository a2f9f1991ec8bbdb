import { badUserInput } from '../lib/errors.js'

/** Entries that a list in a filter may have. */
export const maxFilterValues = 100

/** @throws RequestError BAD_USER_INPUT for a list that is too long. */
export function validateFilter(filter: Readonly<Record<string, unknown>>): void {
  for (const [field, value] of Object.entries(filter)) {
    if (Array.isArray(value) && value.length > maxFilterValues)
      throw badUserInput(`"${field}" must have at most ${maxFilterValues} entries.`)
  }
}

/** Of the values that are looked for, those that something could have: nothing is empty, and nothing stored has a NUL. */
export const queryableValues = (values: readonly string[]): string[] => values.filter((value) => value !== '' && !value.includes('\0'))
