/**
 * Whether a call that needs a person may pass: it spends an approval, or asks for one. Either is a change with an event of
 * its own, on disk before anything is forwarded.
 */
import type { EntityManager } from '@mikro-orm/core'

import type { Context } from '../../context/context.js'
import { perform } from '../../context/perform.js'
import type { McpServer } from '../../entities/mcp-server.js'
import { McpToolApproval } from '../../entities/mcp-tool-approval.js'
import { addSeconds } from '../../lib/clock.js'
import { newId } from '../../lib/id.js'
import { upsertEndUser } from '../../tenancy/end-user.js'
import { computeCallDigest, type CalledAs } from './call-digest.js'
import { assertPendingLimit } from './pending-approvals.js'
import { recordCaller } from './server-callers.js'

/** Seconds: for deciding, and again for calling once it is decided. */
export const approvalTtlSeconds = 600
/** Bytes of JSON: of the arguments, and of all parameters. */
export const maxArgumentsBytes = 65_536
export const maxParamsBytes = 131_072

export interface ToolCall extends CalledAs {
  readonly server: McpServer
  readonly tool: string
}

export interface PendingApproval {
  readonly status: 'PENDING' | 'DENIED'
  readonly approvalId: string
  readonly expiresAt: Date
  readonly reason: string | null
}

/** Null when the call may pass: its approval is spent by then, whatever becomes of it upstream. */
export async function approveToolCall(ctx: Context, call: ToolCall): Promise<PendingApproval | null> {
  const digest = computeCallDigest(ctx.actor, call.server, call)
  const open = await findOpen(ctx.em, call, digest, ctx.now())
  const isKnown = open !== null && ctx.actor.apiKey !== null && open.requestedBy.includes(ctx.actor.apiKey.id)
  // Asking again changes nothing.
  if (open && open.state !== 'APPROVED' && isKnown) return waiting(open)
  if (open?.state === 'APPROVED' && (await consumeApproval(ctx, open))) return null
  return request(ctx, call, digest)
}

const findOpen = (em: EntityManager, { server }: ToolCall, callDigest: string, now: Date): Promise<McpToolApproval | null> =>
  em.findOne(
    McpToolApproval,
    { serverId: server.id, callDigest, state: { $in: ['PENDING', 'APPROVED', 'DENIED'] }, expiresAt: { $gt: now } },
    { orderBy: { id: 'DESC' } },
  )

const waiting = ({ id, state, expiresAt, reason }: McpToolApproval): PendingApproval => ({
  status: state === 'DENIED' ? 'DENIED' : 'PENDING',
  approvalId: id,
  expiresAt,
  reason,
})

/** The update that finds it approved is the single winner. */
const consumeApproval = (ctx: Context, approval: McpToolApproval): Promise<boolean> =>
  perform(ctx, 'mcp_approval:spend', async ({ em, actor, now, permit, addDetails }) => {
    permit(approval)
    await recordCaller(em, actor, approval)
    const where = { id: approval.id, state: 'APPROVED' as const, expiresAt: { $gt: now } }
    const spent = await em.nativeUpdate(McpToolApproval, where, { state: 'USED', arguments: null })
    addDetails({ spent: spent === 1 })
    return spent === 1
  })

const request = (ctx: Context, call: ToolCall, callDigest: string): Promise<PendingApproval> =>
  perform(ctx, 'mcp_approval:request', async ({ em, actor, now, permit }) => {
    const { server, tool } = call
    const known = await findOpen(em, call, callDigest, now)
    const place = { organizationId: server.organizationId, projectId: server.projectId, environment: server.environment }
    const permitted = permit({ ...place, id: known?.id ?? server.id })
    const keyId = actor.apiKey?.id ?? ''
    await recordCaller(em, actor, { ...place, serverId: server.id })
    if (known) {
      if (!known.requestedBy.includes(keyId)) known.requestedBy = [...known.requestedBy, keyId]
      return waiting(known)
    }
    await assertPendingLimit(em, permitted, ctx, place)
    const endUser = actor.endUser ? await upsertEndUser(em, place, actor.endUser.externalId, now) : null
    const approval = Object.assign(new McpToolApproval(), {
      ...place,
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
    permit({ ...place, id: approval.id })
    em.persist(approval)
    return waiting(approval)
  })
