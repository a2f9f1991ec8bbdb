/**
 * Expires tool approvals and clears their arguments: when their time is over, and when their server changes or goes. Lapsed ones
 * need no request, and leave no audit event. Several processes may do it at once: the update is idempotent.
 */
import type { EntityManager } from '@mikro-orm/core'

import type { Permit } from '../../access/permit.js'
import type { Services } from '../../context/services.js'
import { McpToolApproval } from '../../entities/mcp-tool-approval.js'
import { disableOwnerFilter } from '../../tenancy/owner-filter.js'

const isDue = {
  name: 'lapsed_approvals',
  sql: `select id from mcp_tool_approval where state in ('PENDING', 'APPROVED') and expires_at <= ? limit 1`,
}
const expireLapsed = `update mcp_tool_approval set state = 'EXPIRED', arguments = null where state in ('PENDING', 'APPROVED') and expires_at <= ?`

/** Reads first, so that an idle server writes nothing. */
export async function expireLapsedApprovals({ config, clock, journal, queryRunner, log }: Services): Promise<void> {
  const now = clock()
  const until = config.databaseUrl === undefined ? now.getTime() : now.toISOString()
  if (!(await queryRunner.read(isDue, [until]))) return
  await journal.writeBackground([{ sql: expireLapsed, parameters: [until] }])
  log.debug('lapsed approvals were wiped')
}

/** Expires the open approvals of a server. Their rows stay, without arguments. */
export async function expireApprovals(em: EntityManager, permit: Permit, serverId: string): Promise<void> {
  const open = { serverId, state: { $in: ['PENDING' as const, 'APPROVED' as const] } }
  await disableOwnerFilter(em, permit).nativeUpdate(McpToolApproval, open, { state: 'EXPIRED', arguments: null })
}
