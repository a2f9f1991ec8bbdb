/** The servers that the caller sees, and the credentials of one of them. */
import { requirePermission } from '../../access/permit.js'
import type { Context } from '../../context/context.js'
import { contains } from '../../database/dialect.js'
import type { Environment } from '../../entities/enums.js'
import { McpServer } from '../../entities/mcp-server.js'
import type { PageArguments } from '../../pagination/page.js'
import { checkPage, list, type Page } from '../../pagination/paginate.js'
import { endUserIdsOf } from '../../tenancy/end-user.js'
import { filterEnvironment } from '../../tenancy/environment.js'

export interface McpServerQuery {
  readonly environment?: Environment | null | undefined
  readonly projectId?: string | null | undefined
  readonly externalUserId?: string | null | undefined
  readonly search?: string | null | undefined
}

export async function listMcpServers(ctx: Context, page: PageArguments, filter: McpServerQuery): Promise<Page<McpServer>> {
  const conditions: Record<PropertyKey, unknown>[] = [filterEnvironment(ctx.actor, filter.environment)]
  if (filter.projectId != null) conditions.push({ projectId: filter.projectId })
  if (filter.search) conditions.push({ $or: [contains(ctx, 'name', filter.search), contains(ctx, 'server_label', filter.search)] })
  checkPage(ctx.em, McpServer, page)
  requirePermission(ctx.actor, 'mcp_server:read')
  if (filter.externalUserId != null) conditions.push({ endUserId: { $in: await endUserIdsOf(ctx, [filter.externalUserId], filter) } })
  return list(ctx, McpServer, page, { $and: conditions })
}
