/** The ids of end users by what their product calls them: derived, so that they are found whether or not they were recorded. */
import type { EntityManager } from '@mikro-orm/core'

import { Environment } from '../entities/enums.js'
import { Project } from '../entities/project.js'
import { badInput } from '../errors.js'
import { endUserId } from '../lib/digest.js'
import type { Actor } from './actor.js'
import { isExternalId } from './check.js'

const mostIds = 10_000

/** Wherever the caller may see one of this name. @throws RequestError BAD_USER_INPUT when that would be too many. */
export async function endUserIdsOf(
  em: EntityManager,
  actor: Actor,
  externalIds: readonly string[],
  { environment, projectId }: { environment?: Environment | null | undefined; projectId?: string | null | undefined },
): Promise<string[]> {
  const where = projectId == null ? { id: { $ne: '' } } : { id: projectId }
  const projects = await em.find(Project, where, { limit: mostIds })
  const environments = [environment ?? actor.environment ?? Object.values(Environment)].flat()
  const names = externalIds.filter(isExternalId)
  if (projects.length * environments.length * names.length > mostIds) throw badInput('These are too many end users: name a project.')
  return projects.flatMap(({ id }) =>
    environments.flatMap((place) => names.map((name) => endUserId(actor.organizationId, id, place, name))),
  )
}

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
