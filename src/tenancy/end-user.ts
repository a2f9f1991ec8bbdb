/** The ids of end users by what their product calls them: derived, so that they are found whether or not they were recorded. */
import type { Actor } from '../access/actor.js'
import { Environment } from '../entities/enums.js'
import { Project } from '../entities/project.js'
import { endUserId } from '../lib/digest.js'
import { badInput } from '../lib/errors.js'
import { listById, type Desk } from '../pagination/paginate.js'
import { isExternalId } from '../validation/validator.js'

const mostIds = 10_000

/** Wherever the caller may see one of this name. @throws RequestError BAD_USER_INPUT when that would be too many. */
export async function endUserIdsOf(
  desk: Desk & { readonly actor: Actor },
  externalIds: readonly string[],
  { environment, projectId }: { environment?: Environment | null | undefined; projectId?: string | null | undefined },
): Promise<string[]> {
  const { actor } = desk
  const environments = [environment ?? actor.environment ?? Object.values(Environment)].flat()
  const names = externalIds.filter(isExternalId)
  const mostProjects = Math.floor(mostIds / Math.max(1, environments.length * names.length))
  // Rows are confined by the filters of the caller; here a project that is not the caller's does no harm.
  const projectIds =
    projectId == null ? (actor.projectIds ?? (await listById(desk, Project, mostProjects + 1)).map(({ id }) => id)) : [projectId]
  if (projectIds.length > mostProjects) throw badInput('These are too many end users: name a project.')
  return projectIds.flatMap((id) => environments.flatMap((place) => names.map((name) => endUserId(actor.organizationId, id, place, name))))
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
