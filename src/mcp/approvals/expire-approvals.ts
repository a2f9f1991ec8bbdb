/**
 * Wipes the arguments of calls whose time has run out, even if nobody asks. It belongs to the deployment: logged, not
 * chained. Any number of processes may do it at once, since wiping twice is wiping once.
 */
import type { EntityManager } from '@mikro-orm/core'

import type { Permit } from '../../access/permit.js'
import type { Services } from '../../context/services.js'
import { McpToolApproval } from '../../entities/mcp-tool-approval.js'
import { disableOwnerFilter } from '../../tenancy/owner-filter.js'

/** Milliseconds. */
export const sweepsEvery = 1000

const isDue = {
  name: 'lapsed_approvals',
  sql: `select id from mcp_tool_approval where state in ('PENDING', 'APPROVED') and expires_at <= ? limit 1`,
}
const lapse = `update mcp_tool_approval set state = 'EXPIRED', arguments = null where state in ('PENDING', 'APPROVED') and expires_at <= ?`

/** Asks first, so that a quiet server writes nothing. */
async function sweep({ config, clock, journal, queryRunner, log }: Services): Promise<void> {
  try {
    const now = clock()
    const until = config.databaseUrl === undefined ? now.getTime() : now.toISOString()
    if (!(await queryRunner.read(isDue, [until]))) return
    await journal.writeBackground([{ sql: lapse, parameters: [until] }])
    log.debug('lapsed approvals were wiped')
  } catch (error) {
    log.warn({ err: error }, 'lapsed approvals could not be wiped; the next sweep tries again')
  }
}

/** Sweeps now, for what lapsed while nobody was there, and from then on. The answer ends it, after the sweep under way. */
export function startSweepingApprovals(app: Services): () => Promise<void> {
  let flight = sweep(app)
  const timer = setInterval(() => {
    flight = flight.then(() => sweep(app))
  }, sweepsEvery).unref()
  return async () => {
    clearInterval(timer)
    await flight
  }
}

/** Their records stay. */
export async function expireApprovals(em: EntityManager, permit: Permit, serverId: string): Promise<void> {
  const open = { serverId, state: { $in: ['PENDING' as const, 'APPROVED' as const] } }
  await disableOwnerFilter(em, permit).nativeUpdate(McpToolApproval, open, { state: 'EXPIRED', arguments: null })
}
