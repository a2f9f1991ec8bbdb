/** Limits on the tool calls that wait for a person. They are counted under the organization's lock, so on every replica. */
import { raw, type EntityManager } from '@mikro-orm/core'

import type { Permit } from '../../access/permit.js'
import type { Context } from '../../context/context.js'
import type { Environment } from '../../entities/enums.js'
import { McpToolApproval } from '../../entities/mcp-tool-approval.js'
import { disableOwnerFilter } from '../../tenancy/owner-filter.js'
import { concurrencyLimited } from '../in-flight.js'

/** Seconds: people take their time. */
const retryAfter = 60

/** @throws RequestError CONCURRENCY_LIMITED */
export async function assertPendingLimit(
  em: EntityManager,
  permit: Permit,
  ctx: Context,
  { projectId, environment }: { readonly projectId: string; readonly environment: Environment },
): Promise<void> {
  const { limits } = ctx.app
  const { actor } = ctx
  const pending = { projectId, environment, state: 'PENDING' as const, expiresAt: { $gt: ctx.now() } }
  const refuse = (max: number, whose: string): never => {
    const text = `At most ${max} tool calls of one ${whose} may wait for a person. Have one decided, or try again when one has lapsed.`
    throw concurrencyLimited(text, retryAfter)
  }
  if (actor.endUser) {
    const own = await em.count(McpToolApproval, { ...pending, endUserId: actor.endUser.id })
    if (own >= limits.approvalsPerEndUser) refuse(limits.approvalsPerEndUser, 'end user')
  } else {
    // The key that asked first. Ids are made of characters that mean themselves within JSON.
    const asked = raw('cast(requested_by as text) like ?', [`["${actor.apiKey?.id}"%`])
    const own = await em.count(McpToolApproval, { ...pending, endUserId: null, [asked]: [] })
    if (own >= limits.approvalsPerKey) refuse(limits.approvalsPerKey, 'API key')
  }
  const all = await disableOwnerFilter(em, permit).count(McpToolApproval, pending)
  if (all >= limits.approvalsPerProject) refuse(limits.approvalsPerProject, 'project and environment')
}
