/** Lists recorded end users, newest first; a query never creates one. */
import { requirePermission } from '../access/permit.js'
import type { Context } from '../context/context.js'
import { containsFilter } from '../database/dialect.js'
import { EndUser } from '../entities/end-user.js'
import type { Environment } from '../entities/enums.js'
import type { PageArguments } from '../pagination/page.js'
import { parsePageArgs, paginate, type Page } from '../pagination/paginate.js'
import { environmentFilter } from '../tenancy/environment.js'

export interface EndUserFilterArgs {
  readonly environment?: Environment | null | undefined
  readonly projectId?: string | null | undefined
}

const newestFirst = { field: 'firstSeenAt', direction: 'DESC' } as const

/** @throws RequestError BAD_USER_INPUT, DomainError FORBIDDEN */
export async function listEndUsers(
  ctx: Context,
  page: PageArguments,
  filter: EndUserFilterArgs & { search?: string | null | undefined },
): Promise<Page<EndUser>> {
  const where = {
    ...environmentFilter(ctx.actor, filter.environment),
    ...(filter.projectId != null ? { projectId: filter.projectId } : {}),
    ...(filter.search ? containsFilter(ctx, 'external_id', filter.search) : {}),
  }
  parsePageArgs(ctx.em, EndUser, page, newestFirst)
  requirePermission(ctx.actor, 'end_user:read')
  return paginate(ctx, EndUser, page, where, newestFirst)
}
