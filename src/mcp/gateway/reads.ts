/**
 * What each message through the gateway needs to know, by prepared statements that name the tenant and the owner
 * themselves: always fresh, so that what was revoked or narrowed holds at once.
 */
import type { Actor } from '../../access/actor.js'
import type { Query } from '../../access/reads.js'
import type { Context } from '../../context.js'
import { McpCredential } from '../../entities/mcp-credential.js'
import { McpServer } from '../../entities/mcp-server.js'
import { hydrate } from '../../entities/rows.js'

// An end user uses the backend's servers too; the backend none of its end users'.
const usableServer: Query = {
  name: 'usable_mcp_server',
  sql: `select * from mcp_server where id = ? and organization_id = ? and project_id = ? and environment = ? and owner_key in ('backend', ?)`,
}

const usableCredential: Query = {
  name: 'usable_mcp_credential',
  sql: `select * from mcp_credential where server_id = ? and organization_id = ? and project_id = ? and environment = ?
    and coalesce(end_user_id, '') = ? and origin = ? and revoked_at is null and (expires_at is null or expires_at > ?)
    order by created_at desc, id desc limit 1`,
}

const placeOf = ({ organizationId, projectIds, environment }: Actor): string[] => [organizationId, projectIds?.[0] ?? '', environment ?? '']

/** Null: there is none, or none of the caller's. */
export async function findUsableServer(ctx: Context, id: string): Promise<McpServer | null> {
  const { actor, app } = ctx
  const row = await app.journal.read(usableServer, [id, ...placeOf(actor), actor.endUser?.id ?? 'backend'])
  return row ? hydrate(app.orm.getMetadata(), McpServer, row) : null
}

/** The caller's newest that may be sent now, to where the server stands now. */
export async function findUsableCredential(ctx: Context, server: McpServer): Promise<McpCredential | null> {
  const { actor, app } = ctx
  const now = ctx.now()
  const time = app.config.databaseUrl === undefined ? now.getTime() : now.toISOString()
  const row = await app.journal.read(usableCredential, [server.id, ...placeOf(actor), actor.endUser?.id ?? '', server.origin, time])
  return row ? hydrate(app.orm.getMetadata(), McpCredential, row) : null
}
