/** Derives end-user ids from external ids, and records end users at first use. */
import type { EntityManager } from '@mikro-orm/core'

import type { Actor } from '../access/actor.js'
import { assertMayNameEndUser } from '../access/end-user-scope.js'
import { EndUser } from '../entities/end-user.js'
import { Environment } from '../entities/enums.js'
import { Project } from '../entities/project.js'
import { badUserInput } from '../lib/errors.js'
import { deriveEndUserId, isExternalId } from '../lib/external-id.js'
import { listById, type ListSource } from '../pagination/paginate.js'

/** Maximum ids derived for one filter. */
const maxIds = 10_000

/**
 * Ids of these external ids in every project and environment visible to the actor. They are derived, so the end users need
 * not be recorded.
 * @throws RequestError BAD_USER_INPUT for more than 10,000 ids; DomainError FORBIDDEN for an end user outside the key's scope
 */
export async function deriveEndUserIds(
  source: ListSource & { readonly actor: Actor },
  externalIds: readonly string[],
  { environment, projectId }: { environment?: Environment | null | undefined; projectId?: string | null | undefined },
): Promise<string[]> {
  const { actor } = source
  const environments = [environment ?? actor.environment ?? Object.values(Environment)].flat()
  const validExternalIds = externalIds.filter(isExternalId)
  for (const externalId of validExternalIds) assertMayNameEndUser(actor, externalId)
  const maxProjects = Math.floor(maxIds / Math.max(1, environments.length * validExternalIds.length))
  // A project outside the actor's scope is harmless here: the tenant filter still limits the rows.
  const projectIds =
    projectId == null ? (actor.projectIds ?? (await listById(source, Project, maxProjects + 1)).map(({ id }) => id)) : [projectId]
  if (projectIds.length > maxProjects) throw badUserInput('The filter matches too many end users. Set "projectId".')
  return projectIds.flatMap((id) =>
    environments.flatMap((each) => validExternalIds.map((externalId) => deriveEndUserId(actor.organizationId, id, each, externalId))),
  )
}

interface EndUserScope {
  readonly organizationId: string
  readonly projectId: string
  readonly environment: Environment
}

/** Row of a new end user. */
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

/** Finds or inserts an end user in the caller's transaction. Changes of one organization are serial, so no insert can race. */
export async function upsertEndUser(em: EntityManager, scope: EndUserScope, externalId: string, now: Date): Promise<EndUser> {
  const created = buildEndUser(scope, externalId, now)
  const existing = await em.findOne(EndUser, { id: created.id })
  if (!existing) em.persist(created)
  return existing ?? created
}
