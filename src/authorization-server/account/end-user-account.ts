/** What an end user sees of itself in a browser: its grants, its connected accounts, and what was done in its name. */
import type { Context } from '../../context/context.js'
import { AuditEvent } from '../../entities/audit-event.js'
import { McpCredential } from '../../entities/mcp-credential.js'
import { McpServer } from '../../entities/mcp-server.js'
import { OAuthGrant } from '../../entities/oauth-grant.js'
import { isUsable } from '../../mcp/credentials/select-credential.js'
import { maxPageSize } from '../../pagination/page.js'
import { paginate } from '../../pagination/paginate.js'

/** Events that the page has. */
export const maxEvents = 20

export interface GrantOfEndUser {
  readonly grant: OAuthGrant
  /** Null: it was deleted. */
  readonly server: McpServer | null
}

/** An account at a server: one that the end user connected, that its clients need, or that the page's URL names. */
export interface ConnectedAccount {
  readonly server: McpServer
  /** Null: not connected. */
  readonly credential: McpCredential | null
  readonly isUsable: boolean
}

export interface EndUserAccount {
  readonly grants: readonly GrantOfEndUser[]
  readonly accounts: readonly ConnectedAccount[]
  readonly events: readonly AuditEvent[]
}

/**
 * At most 100 grants and credentials, newest first. They are the end user's own, so no permission of the key is needed.
 * @param ctx of a browser session: the owner filter leaves the rows of this end user
 * @param serverId MCP server to show too, if it exists for the end user
 */
export async function readEndUserAccount(ctx: Context, endUserId: string, serverId?: string): Promise<EndUserAccount> {
  const page = { first: maxPageSize }
  const ownAndUnrevoked = { endUserId, revokedAt: null }
  const grants = await paginate(ctx, OAuthGrant, page, ownAndUnrevoked)
  const credentials = await paginate(ctx, McpCredential, page, ownAndUnrevoked)
  // Audit events have no owner filter: the condition on the end user is the only one.
  // Keyhouse renews tokens itself, up to once a minute: these events would hide what others did.
  const where = { endUserId, action: { $ne: 'mcp_credential:refresh' } }
  const events = await paginate(ctx, AuditEvent, { first: maxEvents }, where, { field: 'at', direction: 'DESC' })
  const granted = await Promise.all(
    grants.edges.map(async ({ node: grant }) => ({ grant, server: await ctx.load(McpServer, grant.serverId) })),
  )
  const named = serverId === undefined ? null : await ctx.load(McpServer, serverId)
  return {
    grants: granted,
    accounts: await readAccounts(
      ctx,
      [...(named ? [named] : []), ...neededServers(granted)],
      credentials.edges.map(({ node }) => node),
    ),
    events: events.edges.map(({ node }) => node),
  }
}

/** Servers of the grants, without those that share a credential. */
const neededServers = (grants: readonly GrantOfEndUser[]): McpServer[] =>
  grants.flatMap(({ server }) => (server && server.sharedCredentialId === null ? [server] : []))

async function readAccounts(
  ctx: Context,
  wanted: readonly McpServer[],
  credentials: readonly McpCredential[],
): Promise<ConnectedAccount[]> {
  const now = ctx.now()
  const stored = await Promise.all(
    credentials.map(async (credential) => ({ credential, server: await ctx.load(McpServer, credential.serverId) })),
  )
  const connected = stored.flatMap(({ credential, server }) =>
    server ? [{ server, credential, isUsable: isUsable(credential, server, now) }] : [],
  )
  const known = new Set(connected.map(({ server }) => server.id))
  const missing = new Map(wanted.flatMap((server) => (known.has(server.id) ? [] : [[server.id, server] as const])))
  return [...connected, ...[...missing.values()].map((server) => ({ server, credential: null, isUsable: false }))]
}
