/** Lists the audit events that the caller can read, newest first. */
import type { Action } from '../access/actions.js'
import { requirePermission } from '../access/permit.js'
import type { Context } from '../context/context.js'
import { AuditEvent } from '../entities/audit-event.js'
import type { AuditOutcome, Environment } from '../entities/enums.js'
import type { PageArguments } from '../pagination/page.js'
import { parsePageArgs, paginate, type Page } from '../pagination/paginate.js'
import { deriveEndUserIds } from '../tenancy/end-user.js'
import { environmentFilter } from '../tenancy/environment.js'
import { validateFilter, queryableValues } from '../validation/filters.js'

export interface AuditEventFilterArgs {
  readonly environment?: Environment | null | undefined
  readonly projectId?: string | null | undefined
  readonly actions?: readonly string[] | null | undefined
  readonly actorId?: string | null | undefined
  readonly externalUserId?: string | null | undefined
  readonly subjectId?: string | null | undefined
  readonly requestId?: string | null | undefined
  readonly outcome?: AuditOutcome | null | undefined
  readonly from?: Date | null | undefined
  readonly to?: Date | null | undefined
}

type Where = Record<PropertyKey, unknown>

/** Most frequent action. The partial index on `action` excludes it, which keeps the index small. */
const unindexedAction: Action = 'api_key:exchange'
const newestFirst = { field: 'at', direction: 'DESC' } as const

/** @throws RequestError BAD_USER_INPUT, DomainError FORBIDDEN */
export async function listAuditEvents(ctx: Context, page: PageArguments, filter: AuditEventFilterArgs): Promise<Page<AuditEvent>> {
  const { actor, em } = ctx
  validateFilter({ ...filter })
  const conditions: Where[] = [environmentFilter(actor, filter.environment)]
  parsePageArgs(em, AuditEvent, page, newestFirst)
  requirePermission(actor, 'audit_event:read')
  const { projectId, actions, actorId, externalUserId, subjectId, requestId, outcome, from, to } = filter
  if (projectId != null) conditions.push({ projectId })
  // Repeat the index predicate: the planner uses a partial index only when the query implies its predicate.
  if (actions)
    conditions.push({ action: { $in: queryableValues(actions), ...(actions.includes(unindexedAction) ? {} : { $ne: unindexedAction }) } })
  if (actorId != null) conditions.push({ actorId })
  if (externalUserId != null) conditions.push({ endUserId: { $in: await deriveEndUserIds(ctx, [externalUserId], filter) } })
  if (subjectId != null) conditions.push({ subjectId })
  if (requestId != null) conditions.push({ requestId: queryableValues([requestId])[0] ?? '' })
  if (outcome) conditions.push({ outcome })
  if (from) conditions.push({ at: { $gte: from } })
  if (to) conditions.push({ at: { $lt: to } })
  return paginate(ctx, AuditEvent, page, { $and: conditions }, newestFirst)
}
