/** Lists the MCP servers that the caller can read, newest first. */
import { requirePermission } from '../../access/permit.js'
import type { Context } from '../../context/context.js'
import { containsFilter } from '../../database/dialect.js'
import type { Environment } from '../../entities/enums.js'
import { McpServer } from '../../entities/mcp-server.js'
import type { PageArguments } from '../../pagination/page.js'
import { parsePageArgs, paginate, type Page } from '../../pagination/paginate.js'
import { deriveEndUserIds } from '../../tenancy/end-user.js'
import { environmentFilter } from '../../tenancy/environment.js'

export interface McpServerFilterArgs {
  readonly environment?: Environment | null | undefined
  readonly projectId?: string | null | undefined
  readonly externalUserId?: string | null | undefined
  readonly search?: string | null | undefined
}

/** @throws RequestError BAD_USER_INPUT, DomainError FORBIDDEN */
export async function listMcpServers(ctx: Context, page: PageArguments, filter: McpServerFilterArgs): Promise<Page<McpServer>> {
  const conditions: Record<PropertyKey, unknown>[] = [environmentFilter(ctx.actor, filter.environment)]
  if (filter.projectId != null) conditions.push({ projectId: filter.projectId })
  if (filter.search)
    conditions.push({ $or: [containsFilter(ctx, 'name', filter.search), containsFilter(ctx, 'server_label', filter.search)] })
  parsePageArgs(ctx.em, McpServer, page)
  requirePermission(ctx.actor, 'mcp_server:read')
  if (filter.externalUserId != null) conditions.push({ endUserId: { $in: await deriveEndUserIds(ctx, [filter.externalUserId], filter) } })
  return paginate(ctx, McpServer, page, { $and: conditions })
}
