/** Limits on pending approvals. They are counted under the organization's lock, so they hold across replicas. */
import type { EntityManager } from '@mikro-orm/core'

import type { Permit } from '../../access/permit.js'
import type { Context } from '../../context/context.js'
import { hasFirstRequester } from '../../database/queries/mcp.js'
import type { Environment } from '../../entities/enums.js'
import { McpToolApproval } from '../../entities/mcp-tool-approval.js'
import { disableOwnerFilter } from '../../tenancy/owner-filter.js'
import { concurrencyLimitedError } from '../in-flight.js'

/** Long, since a human decides. */
const retryAfterSeconds = 60

/** @throws RequestError CONCURRENCY_LIMITED */
export async function assertPendingLimit(
  em: EntityManager,
  permit: Permit,
  ctx: Context,
  { projectId, environment }: { readonly projectId: string; readonly environment: Environment },
): Promise<void> {
  const { limits } = ctx.services
  const { actor } = ctx
  const pending = { projectId, environment, state: 'PENDING' as const, expiresAt: { $gt: ctx.now() } }
  const reject = (max: number, scope: string): never => {
    const message = `At most ${max} tool calls of one ${scope} can be pending. Decide one, or retry when one has expired.`
    throw concurrencyLimitedError(message, retryAfterSeconds)
  }
  if (actor.endUser) {
    const count = await em.count(McpToolApproval, { ...pending, endUserId: actor.endUser.id })
    if (count >= limits.approvalsPerEndUser) reject(limits.approvalsPerEndUser, 'end user')
  } else {
    const count = await em.count(McpToolApproval, { ...pending, endUserId: null, ...hasFirstRequester(String(actor.apiKey?.id)) })
    if (count >= limits.approvalsPerKey) reject(limits.approvalsPerKey, 'API key')
  }
  const total = await disableOwnerFilter(em, permit).count(McpToolApproval, pending)
  if (total >= limits.approvalsPerProject) reject(limits.approvalsPerProject, 'project and environment')
}
