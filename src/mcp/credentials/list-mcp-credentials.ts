/** Lists the credentials of one MCP server that the caller can read, newest first. */
import { requirePermission } from '../../access/permit.js'
import type { Context } from '../../context/context.js'
import type { McpCredentialHealthStatus } from '../../entities/enums.js'
import { McpCredential } from '../../entities/mcp-credential.js'
import type { McpServer } from '../../entities/mcp-server.js'
import type { PageArguments } from '../../pagination/page.js'
import { parsePageArgs, paginate, type Page } from '../../pagination/paginate.js'

export interface McpCredentialFilterArgs {
  readonly health?: McpCredentialHealthStatus | null | undefined
}

/** @throws RequestError BAD_USER_INPUT, DomainError FORBIDDEN */
export async function listMcpCredentials(
  ctx: Context,
  server: McpServer,
  page: PageArguments,
  filter: McpCredentialFilterArgs & { readonly includesRevoked: boolean },
): Promise<Page<McpCredential>> {
  parsePageArgs(ctx.em, McpCredential, page)
  requirePermission(ctx.actor, 'mcp_credential:read')
  return paginate(ctx, McpCredential, page, {
    serverId: server.id,
    ...(filter.includesRevoked ? {} : { revokedAt: null }),
    ...(filter.health == null ? {} : { healthStatus: filter.health }),
  })
}
