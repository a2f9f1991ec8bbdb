/** Lists the MCP credentials that the caller can read, newest first. */
import { requirePermission } from '../../access/permit.js'
import type { Context } from '../../context/context.js'
import type { Condition } from '../../database/queries/lists.js'
import { mcpCredentialsWithStatus } from '../../database/queries/live-credentials.js'
import type { CredentialStatus, Environment, McpCredentialHealthStatus } from '../../entities/enums.js'
import { McpCredential } from '../../entities/mcp-credential.js'
import type { PageArguments } from '../../pagination/page.js'
import { parsePageArgs, paginate, type Page } from '../../pagination/paginate.js'
import { deriveEndUserIds } from '../../tenancy/end-user.js'
import { environmentFilter } from '../../tenancy/environment.js'

export interface McpCredentialFilterArgs {
  readonly environment?: Environment | null | undefined
  readonly projectId?: string | null | undefined
  readonly serverId?: string | null | undefined
  readonly externalUserId?: string | null | undefined
  readonly status?: CredentialStatus | null | undefined
  readonly expiresBefore?: Date | null | undefined
  readonly health?: McpCredentialHealthStatus | null | undefined
}

/**
 * @param within further condition, such as the server whose field is read
 * @throws RequestError BAD_USER_INPUT, DomainError FORBIDDEN
 */
export async function listMcpCredentials(
  ctx: Context,
  page: PageArguments,
  filter: McpCredentialFilterArgs,
  within: Condition = {},
): Promise<Page<McpCredential>> {
  const { projectId, serverId, externalUserId, status, expiresBefore, health } = filter
  const conditions: Condition[] = [within, environmentFilter(ctx.actor, filter.environment)]
  if (projectId != null) conditions.push({ projectId })
  if (serverId != null) conditions.push({ serverId })
  if (status) conditions.push(mcpCredentialsWithStatus(status, ctx.now()))
  if (expiresBefore) conditions.push({ expiresAt: { $lt: expiresBefore } })
  if (health) conditions.push({ healthStatus: health })
  parsePageArgs(ctx.em, McpCredential, page)
  requirePermission(ctx.actor, 'mcp_credential:read')
  if (externalUserId != null) conditions.push({ endUserId: { $in: await deriveEndUserIds(ctx, [externalUserId], filter) } })
  return paginate(ctx, McpCredential, page, { $and: conditions })
}
