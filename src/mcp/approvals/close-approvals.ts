/** Ends tool calls that still wait for a person, whoever waits: what they were to be called with is gone with this transaction. */
import type { EntityManager } from '@mikro-orm/core'

import type { Permit } from '../../access/permit.js'
import { McpToolApproval } from '../../entities/mcp-tool-approval.js'
import { acrossOwners } from '../../tenancy/owner-filter.js'

/** Their records stay. */
export async function closeApprovals(em: EntityManager, permit: Permit, serverId: string): Promise<void> {
  const open = { serverId, state: { $in: ['PENDING' as const, 'APPROVED' as const] } }
  await acrossOwners(em, permit).nativeUpdate(McpToolApproval, open, { state: 'EXPIRED', arguments: null })
}
