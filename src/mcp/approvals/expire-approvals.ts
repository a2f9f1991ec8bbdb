/**
 * Expires tool approvals and clears their arguments: when their time is over, and when their server changes or goes. Lapsed ones
 * need no request, and leave no audit event. Several processes may do it at once: the update is idempotent.
 */
import type { EntityManager } from '@mikro-orm/core'

import type { Permit } from '../../access/permit.js'
import type { Services } from '../../context/services.js'
import { McpToolApproval } from '../../entities/mcp-tool-approval.js'
import { updateRows } from '../../journal/maintain-rows.js'
import { disableOwnerFilter } from '../../tenancy/owner-filter.js'

const openStates = { $in: ['PENDING' as const, 'APPROVED' as const] }
const expired = { state: 'EXPIRED', arguments: null } as const

export async function expireLapsedApprovals(services: Services): Promise<void> {
  const lapsed = { state: openStates, expiresAt: { $lte: services.clock() } }
  if (await updateRows(services, McpToolApproval, lapsed, expired)) services.log.debug('expired approvals cleared')
}

/** Expires the open approvals of a server. Their rows stay, without arguments. */
export async function expireApprovals(em: EntityManager, permit: Permit, serverId: string): Promise<void> {
  await disableOwnerFilter(em, permit).nativeUpdate(McpToolApproval, { serverId, state: openStates }, expired)
}
