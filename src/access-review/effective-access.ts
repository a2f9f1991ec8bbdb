/** Effective access of an API key: audiences, MCP servers with their tools, live OAuth grants and live tokens. */
import { can, type Actor } from '../access/actor.js'
import { keyActor, keyRefusal } from '../access/credential-actors.js'
import type { Context } from '../context/context.js'
import { readKeyById } from '../database/queries/credentials.js'
import { liveGrantsOfKey, liveTokensOfKey } from '../database/queries/key-activity.js'
import type { ApiKey } from '../entities/api-key.js'
import type { ApiKeyEndUsers } from '../entities/end-user-scope.js'
import { McpServer, toOwnerKey } from '../entities/mcp-server.js'
import { createToolFilter, toolPermission } from '../mcp/tool-access.js'
import { paginate } from '../pagination/paginate.js'

export const maxListedServers = 100

export interface ServerAccess {
  readonly server: McpServer
  /** Null: every tool that the server has. */
  readonly tools: readonly string[] | null
}

export interface ServerAccessList {
  readonly servers: readonly ServerAccess[]
  readonly hasMore: boolean
}

export interface EffectiveAccess {
  readonly key: ApiKey
  readonly actor: Actor
  readonly audiences: readonly string[] | null
  readonly endUsers: ApiKeyEndUsers
}

/** Null for a key that is not accepted, and so can access nothing. */
export async function effectiveAccess(ctx: Context, key: ApiKey): Promise<EffectiveAccess | null> {
  const row = await readKeyById(ctx.services.queryRunner, key.id)
  if (!row || keyRefusal(row, ctx.now())) return null
  return { key, actor: keyActor(row, undefined, ctx.now()), audiences: row.allowedAudiences, endUsers: row.endUsers ?? { mode: 'ANYONE' } }
}

function callableTools(actor: Actor, server: McpServer): string[] | null {
  if (server.allowedTools === null && can(actor, toolPermission('*'))) return null
  const prefix = toolPermission('')
  const named = actor.permissions.flatMap((permission) => (permission.startsWith(prefix) ? [permission.slice(prefix.length)] : []))
  return (server.allowedTools ?? named).filter(createToolFilter(actor, server))
}

/** The backend's servers, by label: every end user of the key may use them, too. Null without `mcp_server:read`. */
export async function accessibleServers(ctx: Context, { key, actor }: EffectiveAccess): Promise<ServerAccessList | null> {
  if (!can(ctx.actor, 'mcp_server:read')) return null
  if (!can(actor, 'mcp_server:use')) return { servers: [], hasMore: false }
  const { organizationId, projectId, environment } = key
  const where = { organizationId, projectId, environment, ownerKey: toOwnerKey(null) }
  const page = await paginate(ctx, McpServer, { first: maxListedServers }, where, { field: 'serverLabel', direction: 'ASC' })
  return { servers: page.edges.map(({ node }) => ({ server: node, tools: callableTools(actor, node) })), hasMore: page.hasNextPage }
}

/** Counted up to a limit. Null without `oauth_grant:read`. */
export async function countLiveGrants(ctx: Context, { key }: EffectiveAccess): Promise<number | null> {
  if (!can(ctx.actor, 'oauth_grant:read')) return null
  const [row] = await ctx.query(liveGrantsOfKey(key))
  return Number(row?.['count'])
}

/** Counted up to a limit. Null without `access_token:read`. */
export async function countLiveTokens(ctx: Context, { key }: EffectiveAccess): Promise<number | null> {
  if (!can(ctx.actor, 'access_token:read')) return null
  const [row] = await ctx.query(liveTokensOfKey(key, ctx.now()))
  return Number(row?.['count'])
}
