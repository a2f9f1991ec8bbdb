/** The end users that were recorded. None is made by looking. */
import { requirePermission } from '../access/permit.js'
import type { Context } from '../context/context.js'
import { contains } from '../database/dialect.js'
import { EndUser } from '../entities/end-user.js'
import type { Environment } from '../entities/enums.js'
import type { PageArguments } from '../pagination/page.js'
import { checkPage, list, type Page } from '../pagination/paginate.js'
import { filterEnvironment } from '../tenancy/environment.js'

export interface EndUserQuery {
  readonly environment?: Environment | null | undefined
  readonly projectId?: string | null | undefined
}

const mostRecentlyMet = { field: 'firstSeenAt', direction: 'DESC' } as const

export async function listEndUsers(
  ctx: Context,
  page: PageArguments,
  filter: EndUserQuery & { search?: string | null | undefined },
): Promise<Page<EndUser>> {
  const where = {
    ...filterEnvironment(ctx.actor, filter.environment),
    ...(filter.projectId != null ? { projectId: filter.projectId } : {}),
    ...(filter.search ? contains(ctx, 'external_id', filter.search) : {}),
  }
  checkPage(ctx.em, EndUser, page, mostRecentlyMet)
  requirePermission(ctx.actor, 'end_user:read')
  return list(ctx, EndUser, page, where, mostRecentlyMet)
}
