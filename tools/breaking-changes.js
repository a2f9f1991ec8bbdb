/** Finds breaking changes between two schemas that no decision record declares. */
import { buildSchema, findBreakingChanges } from 'graphql'

/**
 * @param {string} older SDL
 * @param {string} newer SDL
 * @param {readonly string[]} records the texts of the decision records
 * @returns {string[]} graphql's descriptions of the changes
 */
export function breakingChanges(older, newer, records = []) {
  const recorded = new Set(records.flatMap((text) => text.split('\n').flatMap((line) => /^Breaking: (.+?)\s*$/.exec(line)?.[1] ?? [])))
  return findBreakingChanges(buildSchema(older), buildSchema(newer))
    .map(({ description }) => description)
    .filter((description) => !recorded.has(description))
}
