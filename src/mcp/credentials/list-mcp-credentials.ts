/** Lists the credentials of one MCP server that the caller can read, newest first. */
import { requirePermission } from '../../access/permit.js'
import type { Context } from '../../context/context.js'
import { McpCredential } from '../../entities/mcp-credential.js'
import type { McpServer } from '../../entities/mcp-server.js'
import type { PageArguments } from '../../pagination/page.js'
import { parsePageArgs, paginate, type Page } from '../../pagination/paginate.js'

/** @throws RequestError BAD_USER_INPUT, DomainError FORBIDDEN */
export async function listMcpCredentials(
  ctx: Context,
  server: McpServer,
  page: PageArguments,
  includesRevoked: boolean,
): Promise<Page<McpCredential>> {
  parsePageArgs(ctx.em, McpCredential, page)
  requirePermission(ctx.actor, 'mcp_credential:read')
  return paginate(ctx, McpCredential, page, { serverId: server.id, ...(includesRevoked ? {} : { revokedAt: null }) })
}
