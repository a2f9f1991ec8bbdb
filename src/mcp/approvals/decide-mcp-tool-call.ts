/** Approves or denies a pending tool call. The key that made the call, and its key family, cannot decide it. */
import { capExpiry } from '../../access/actor.js'
import { shareRootKey } from '../../access/key-families.js'
import type { Context } from '../../context/context.js'
import { perform } from '../../context/perform.js'
import { McpToolApproval } from '../../entities/mcp-tool-approval.js'
import { addSeconds } from '../../lib/clock.js'
import { forbidden, invalidState, objectNotFound } from '../../lib/errors.js'
import { Validator } from '../../validation/validator.js'
import { approvalTtlSeconds } from './approve-tool-call.js'

export const maxReasonLength = 500

const sameFamilyMessage =
  'An API key cannot decide calls of itself or of a related key. Decide with a personal token, or with a key of another origin.'

export interface DecideMcpToolCallArgs {
  readonly id: string
  readonly decision: 'APPROVE' | 'DENY'
  readonly reason?: string | null | undefined
}

/** @throws DomainError INVALID, NOT_FOUND, FORBIDDEN or INVALID_STATE */
export async function decideMcpToolCall(
  ctx: Context,
  { id, decision, reason }: DecideMcpToolCallArgs,
): Promise<{ approval: McpToolApproval }> {
  return perform(ctx, 'mcp_approval:decide', async ({ em, actor, now, permit, addDetails }) => {
    const validator = new Validator()
    validator.text('reason', reason, maxReasonLength, 0)
    validator.throwIfInvalid()
    permit({ requestedId: id })
    const approval = await em.findOne(McpToolApproval, { id })
    if (!approval) throw objectNotFound('approval', ['input', 'id'])
    permit(approval)
    // `actor.apiKey` is also set for an access token exchanged from the key, so a token cannot bypass this.
    if (actor.apiKey && (await shareRootKey(em, actor.apiKey.id, approval.requestedBy))) throw forbidden(sameFamilyMessage)
    const status = approval.status(now)
    if (status !== 'PENDING') throw invalidState(`The approval is not pending: it is ${status.toLowerCase()}.`)
    addDetails({ decision })
    approval.state = decision === 'APPROVE' ? 'APPROVED' : 'DENIED'
    approval.decidedAt = now
    approval.decidedBy = actor.id
    approval.reason = reason ?? null
    const defaultExpiry = addSeconds(now, approvalTtlSeconds)
    approval.expiresAt = decision === 'APPROVE' ? capExpiry(actor, defaultExpiry) : defaultExpiry
    if (decision === 'DENY') approval.arguments = null
    return { approval }
  })
}
