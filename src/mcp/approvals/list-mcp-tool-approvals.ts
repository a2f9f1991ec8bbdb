/** Lists the tool-call approvals that the caller can read, newest request first. */
import { requirePermission } from '../../access/permit.js'
import type { Context } from '../../context/context.js'
import type { Environment, McpToolApprovalStatus } from '../../entities/enums.js'
import { McpToolApproval } from '../../entities/mcp-tool-approval.js'
import type { PageArguments } from '../../pagination/page.js'
import { parsePageArgs, paginate, type Page } from '../../pagination/paginate.js'
import { deriveEndUserIds } from '../../tenancy/end-user.js'
import { environmentFilter } from '../../tenancy/environment.js'
import { validateFilter } from '../../validation/filters.js'

export interface ToolApprovalFilterArgs {
  readonly environment?: Environment | null | undefined
  readonly projectId?: string | null | undefined
  readonly externalUserId?: string | null | undefined
  readonly serverId?: string | null | undefined
  readonly status?: McpToolApprovalStatus | null | undefined
  readonly statuses?: readonly McpToolApprovalStatus[] | null | undefined
}

const newestRequestFirst = { field: 'requestedAt', direction: 'DESC' } as const

type Where = Record<PropertyKey, unknown>

const openStates = { state: { $in: ['PENDING', 'APPROVED'] } }

const withStatus = (status: McpToolApprovalStatus, now: Date): Where => {
  if (status === 'EXPIRED') return { $or: [{ state: 'EXPIRED' }, { ...openStates, expiresAt: { $lte: now } }] }
  return status === 'PENDING' || status === 'APPROVED' ? { state: status, expiresAt: { $gt: now } } : { state: status }
}

/** @throws RequestError BAD_USER_INPUT, DomainError FORBIDDEN */
export async function listMcpToolApprovals(
  ctx: Context,
  page: PageArguments,
  filter: ToolApprovalFilterArgs,
): Promise<Page<McpToolApproval>> {
  validateFilter({ ...filter })
  const conditions: Where[] = [environmentFilter(ctx.actor, filter.environment)]
  if (filter.projectId != null) conditions.push({ projectId: filter.projectId })
  if (filter.serverId != null) conditions.push({ serverId: filter.serverId })
  if (filter.status) conditions.push(withStatus(filter.status, ctx.now()))
  if (filter.statuses) conditions.push({ $or: [...filter.statuses.map((status) => withStatus(status, ctx.now())), { id: '' }] })
  parsePageArgs(ctx.em, McpToolApproval, page, newestRequestFirst)
  requirePermission(ctx.actor, 'mcp_approval:read')
  if (filter.externalUserId != null) conditions.push({ endUserId: { $in: await deriveEndUserIds(ctx, [filter.externalUserId], filter) } })
  return paginate(ctx, McpToolApproval, page, { $and: conditions }, newestRequestFirst)
}
