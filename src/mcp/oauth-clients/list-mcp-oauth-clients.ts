/** Lists the OAuth clients that the caller can read, newest first. */
import { requirePermission } from '../../access/permit.js'
import type { Context } from '../../context/context.js'
import type { Environment } from '../../entities/enums.js'
import { McpOAuthClient } from '../../entities/mcp-oauth-client.js'
import type { PageArguments } from '../../pagination/page.js'
import { paginate, parsePageArgs, type Page } from '../../pagination/paginate.js'
import { environmentFilter } from '../../tenancy/environment.js'

export interface McpOAuthClientFilterArgs {
  readonly environment?: Environment | null | undefined
  readonly projectId?: string | null | undefined
}

/** @throws RequestError BAD_USER_INPUT, DomainError FORBIDDEN */
export async function listMcpOAuthClients(
  ctx: Context,
  page: PageArguments,
  filter: McpOAuthClientFilterArgs,
): Promise<Page<McpOAuthClient>> {
  const where = {
    ...environmentFilter(ctx.actor, filter.environment),
    ...(filter.projectId == null ? {} : { projectId: filter.projectId }),
  }
  parsePageArgs(ctx.em, McpOAuthClient, page)
  requirePermission(ctx.actor, 'mcp_oauth_client:read')
  return paginate(ctx, McpOAuthClient, page, where)
}
