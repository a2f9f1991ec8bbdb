/**
 * Expires approvals and erases their arguments: by a background job, and when their server changes. The job spans
 * organizations, so it is logged and has no audit event. Its update is idempotent, so every process may run it.
 */
import type { EntityManager } from '@mikro-orm/core'

import type { Permit } from '../../access/permit.js'
import type { Services } from '../../context/services.js'
import { McpToolApproval } from '../../entities/mcp-tool-approval.js'
import { disableOwnerFilter } from '../../tenancy/owner-filter.js'

/** Milliseconds between two runs. */
export const sweepsEvery = 1000

const dueQuery = {
  name: 'lapsed_approvals',
  sql: `select id from mcp_tool_approval where state in ('PENDING', 'APPROVED') and expires_at <= ? limit 1`,
}
const expireStatement = `update mcp_tool_approval set state = 'EXPIRED', arguments = null where state in ('PENDING', 'APPROVED') and expires_at <= ?`

/** Reads before writing, so that an idle server writes nothing. */
async function expireDueApprovals({ config, clock, journal, queryRunner, log }: Services): Promise<void> {
  try {
    const now = clock()
    const cutoff = config.databaseUrl === undefined ? now.getTime() : now.toISOString()
    if (!(await queryRunner.read(dueQuery, [cutoff]))) return
    await journal.writeBackground([{ sql: expireStatement, parameters: [cutoff] }])
    log.debug('lapsed approvals were wiped')
  } catch (error) {
    log.warn({ err: error }, 'lapsed approvals could not be wiped; the next sweep tries again')
  }
}

/**
 * Runs now, for approvals that expired while the server was down, then periodically.
 * Returns a stop function that awaits the current run.
 */
export function startSweepingApprovals(services: Services): () => Promise<void> {
  let currentRun = expireDueApprovals(services)
  const timer = setInterval(() => {
    currentRun = currentRun.then(() => expireDueApprovals(services))
  }, sweepsEvery).unref()
  return async () => {
    clearInterval(timer)
    await currentRun
  }
}

/** Expires all open approvals of a server, of every end user; the records stay. */
export async function expireApprovals(em: EntityManager, permit: Permit, serverId: string): Promise<void> {
  const open = { serverId, state: { $in: ['PENDING' as const, 'APPROVED' as const] } }
  await disableOwnerFilter(em, permit).nativeUpdate(McpToolApproval, open, { state: 'EXPIRED', arguments: null })
}
