/** An end user is there as soon as something is recorded for it: no registration, and no read that makes one. */
import type { EntityManager } from '@mikro-orm/core'

import { EndUser } from '../entities/end-user.js'
import type { Environment } from '../entities/enums.js'
import { endUserId } from '../lib/digest.js'

interface Place {
  readonly organizationId: string
  readonly projectId: string
  readonly environment: Environment
}

/** The row of one who was never met before. */
export const newEndUser = ({ organizationId, projectId, environment }: Place, externalId: string, now: Date): EndUser =>
  Object.assign(new EndUser(), {
    id: endUserId(organizationId, projectId, environment, externalId),
    organizationId,
    projectId,
    environment,
    externalId,
    firstSeenAt: now,
    lastSeenAt: now,
  })

/** Inserts it if absent, in the transaction of what is recorded for it. Verbs of one organization are serial, so nobody comes between. */
export async function recordEndUser(em: EntityManager, place: Place, externalId: string, now: Date): Promise<EndUser> {
  const fresh = newEndUser(place, externalId, now)
  const known = await em.findOne(EndUser, { id: fresh.id })
  if (!known) em.persist(fresh)
  return known ?? fresh
}
