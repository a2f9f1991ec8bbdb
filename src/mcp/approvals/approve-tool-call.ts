/**
 * Human approval of a tool call: consumes an approval, or requests one. Either is committed with its own audit event before
 * the gateway forwards the call.
 */
import type { EntityManager } from '@mikro-orm/core'

import type { Context } from '../../context/context.js'
import { perform } from '../../context/perform.js'
import type { McpServer } from '../../entities/mcp-server.js'
import { McpToolApproval } from '../../entities/mcp-tool-approval.js'
import { addSeconds } from '../../lib/clock.js'
import { newId } from '../../lib/id.js'
import { upsertEndUser } from '../../tenancy/end-user.js'
import { computeCallDigest, type ForwardedCall } from './call-digest.js'
import { assertPendingLimit } from './pending-approvals.js'
import { recordCaller } from './server-callers.js'

/** Time to decide, and again the time to call once decided. */
export const approvalTtlSeconds = 600
/** Bytes of JSON: the tool's arguments, and all parameters of the call. */
export const maxArgumentsBytes = 65_536
export const maxParamsBytes = 131_072

export interface ToolCall extends ForwardedCall {
  readonly server: McpServer
  readonly tool: string
}

/** The approval that the client waits for, or its denial. */
export interface PendingApproval {
  readonly status: 'PENDING' | 'DENIED'
  readonly approvalId: string
  readonly expiresAt: Date
  readonly reason: string | null
}

/**
 * Returns null when the call may be forwarded. The approval is consumed even if the upstream request then fails.
 * @throws RequestError CONCURRENCY_LIMITED
 */
export async function approveToolCall(ctx: Context, call: ToolCall): Promise<PendingApproval | null> {
  const digest = computeCallDigest(ctx.actor, call.server, call)
  const approval = await findOpenApproval(ctx.em, call, digest, ctx.now())
  const isRequester = approval !== null && ctx.actor.apiKey !== null && approval.requestedBy.includes(ctx.actor.apiKey.id)
  // A repeated request by the same key needs no write.
  if (approval && approval.state !== 'APPROVED' && isRequester) return toPendingApproval(approval)
  if (approval?.state === 'APPROVED' && (await consumeApproval(ctx, approval))) return null
  return requestApproval(ctx, call, digest)
}

const findOpenApproval = (em: EntityManager, { server }: ToolCall, callDigest: string, now: Date): Promise<McpToolApproval | null> =>
  em.findOne(
    McpToolApproval,
    { serverId: server.id, callDigest, state: { $in: ['PENDING', 'APPROVED', 'DENIED'] }, expiresAt: { $gt: now } },
    { orderBy: { id: 'DESC' } },
  )

const toPendingApproval = ({ id, state, expiresAt, reason }: McpToolApproval): PendingApproval => ({
  status: state === 'DENIED' ? 'DENIED' : 'PENDING',
  approvalId: id,
  expiresAt,
  reason,
})

/** Conditional update: of concurrent calls, one consumes the approval. False for the others. */
const consumeApproval = (ctx: Context, approval: McpToolApproval): Promise<boolean> =>
  perform(ctx, 'mcp_approval:spend', async ({ em, actor, now, permit, addDetails }) => {
    permit(approval)
    await recordCaller(em, actor, approval)
    const where = { id: approval.id, state: 'APPROVED' as const, expiresAt: { $gt: now } }
    const consumedCount = await em.nativeUpdate(McpToolApproval, where, { state: 'USED', arguments: null })
    addDetails({ spent: consumedCount === 1 })
    return consumedCount === 1
  })

/** Creates the approval, or adds the key to the requesters of an open one. */
const requestApproval = (ctx: Context, call: ToolCall, callDigest: string): Promise<PendingApproval> =>
  perform(ctx, 'mcp_approval:request', async ({ em, actor, now, permit }) => {
    const { server, tool } = call
    const existing = await findOpenApproval(em, call, callDigest, now)
    const scope = { organizationId: server.organizationId, projectId: server.projectId, environment: server.environment }
    const permitted = permit({ ...scope, id: existing?.id ?? server.id })
    const keyId = actor.apiKey?.id ?? ''
    await recordCaller(em, actor, { ...scope, serverId: server.id })
    if (existing) {
      if (!existing.requestedBy.includes(keyId)) existing.requestedBy = [...existing.requestedBy, keyId]
      return toPendingApproval(existing)
    }
    await assertPendingLimit(em, permitted, ctx, scope)
    const endUser = actor.endUser ? await upsertEndUser(em, scope, actor.endUser.externalId, now) : null
    const approval = Object.assign(new McpToolApproval(), {
      ...scope,
      id: newId('mcp_apr', now),
      endUserId: endUser?.id ?? null,
      serverId: server.id,
      callDigest,
      tool,
      arguments: { ...call.params.arguments },
      state: 'PENDING' as const,
      requestedBy: [keyId],
      requestedAt: now,
      expiresAt: addSeconds(now, approvalTtlSeconds),
      decidedAt: null,
      decidedBy: null,
      reason: null,
    })
    permit({ ...scope, id: approval.id })
    em.persist(approval)
    return toPendingApproval(approval)
  })
