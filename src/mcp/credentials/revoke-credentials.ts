/** Revokes credentials of every owner in bulk: erases the sealed values and keeps the records. */
import type { EntityManager } from '@mikro-orm/core'

import type { Permit } from '../../access/permit.js'
import type { Environment } from '../../entities/enums.js'
import { McpCredential } from '../../entities/mcp-credential.js'
import { disableOwnerFilter } from '../../tenancy/owner-filter.js'

/** Returns the number of newly revoked credentials. */
export function revokeCredentials(
  em: EntityManager,
  permit: Permit,
  where: { serverId: string } | { endUserId: string } | { projectId: string; environment: Environment },
  now: Date,
): Promise<number> {
  return disableOwnerFilter(em, permit).nativeUpdate(
    McpCredential,
    { ...where, revokedAt: null },
    { revokedAt: now, updatedAt: now, sealedValue: null, sealedRefresh: null },
  )
}
