/** The ids of end users by what their product calls them: derived, so that they are found whether or not they were recorded. */
import type { EntityManager } from '@mikro-orm/core'

import type { Actor } from '../access/actor.js'
import { EndUser } from '../entities/end-user.js'
import { Environment } from '../entities/enums.js'
import { Project } from '../entities/project.js'
import { badUserInput } from '../lib/errors.js'
import { deriveEndUserId, isExternalId } from '../lib/external-id.js'
import { listById, type Desk } from '../pagination/paginate.js'

const maxIds = 10_000

/** Wherever the caller may see one of this name. @throws RequestError BAD_USER_INPUT when that would be too many. */
export async function deriveEndUserIds(
  desk: Desk & { readonly actor: Actor },
  externalIds: readonly string[],
  { environment, projectId }: { environment?: Environment | null | undefined; projectId?: string | null | undefined },
): Promise<string[]> {
  const { actor } = desk
  const environments = [environment ?? actor.environment ?? Object.values(Environment)].flat()
  const names = externalIds.filter(isExternalId)
  const mostProjects = Math.floor(maxIds / Math.max(1, environments.length * names.length))
  // Rows are confined by the filters of the caller; here a project that is not the caller's does no harm.
  const projectIds =
    projectId == null ? (actor.projectIds ?? (await listById(desk, Project, mostProjects + 1)).map(({ id }) => id)) : [projectId]
  if (projectIds.length > mostProjects) throw badUserInput('These are too many end users: name a project.')
  return projectIds.flatMap((id) =>
    environments.flatMap((place) => names.map((name) => deriveEndUserId(actor.organizationId, id, place, name))),
  )
}

interface EndUserScope {
  readonly organizationId: string
  readonly projectId: string
  readonly environment: Environment
}

/** The row of one who was never met before. */
export const buildEndUser = ({ organizationId, projectId, environment }: EndUserScope, externalId: string, now: Date): EndUser =>
  Object.assign(new EndUser(), {
    id: deriveEndUserId(organizationId, projectId, environment, externalId),
    organizationId,
    projectId,
    environment,
    externalId,
    firstSeenAt: now,
    lastSeenAt: now,
  })

/** Inserts it if absent, in the transaction of what is recorded for it. Verbs of one organization are serial, so nobody comes between. */
export async function upsertEndUser(em: EntityManager, place: EndUserScope, externalId: string, now: Date): Promise<EndUser> {
  const fresh = buildEndUser(place, externalId, now)
  const known = await em.findOne(EndUser, { id: fresh.id })
  if (!known) em.persist(fresh)
  return known ?? fresh
}
