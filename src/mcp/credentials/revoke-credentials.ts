/** Ends credentials for good, whoever owns them: their values are gone with this transaction, their records stay. */
import type { EntityManager } from '@mikro-orm/core'

import type { Permit } from '../../access/permit.js'
import type { Environment } from '../../entities/enums.js'
import { McpCredential } from '../../entities/mcp-credential.js'
import { disableOwnerFilter } from '../../tenancy/owner-filter.js'

/** How many were not revoked before. */
export function revokeCredentials(
  em: EntityManager,
  permit: Permit,
  which: { serverId: string } | { endUserId: string } | { projectId: string; environment: Environment },
  now: Date,
): Promise<number> {
  const all = disableOwnerFilter(em, permit)
  return all.nativeUpdate(McpCredential, { ...which, revokedAt: null }, { revokedAt: now, updatedAt: now, sealedValue: null })
}
