/**
 * What each message through the gateway needs to know, by prepared statements that name the tenant and the owner
 * themselves: always fresh, so that what was revoked or narrowed holds at once.
 */
import type { Actor } from '../access/actor.js'
import type { Context } from '../context/context.js'
import { usable } from '../database/queries/mcp.js'
import { hydrate, type Row } from '../database/row-mapper.js'
import type { McpAuthType } from '../entities/enums.js'
import { McpCredential } from '../entities/mcp-credential.js'
import { McpServer } from '../entities/mcp-server.js'
import type { UsableCredential } from '../mcp/credentials/open-credential.js'

export interface ServerWithCredential {
  readonly server: McpServer
  /** The caller's newest that may be sent now, to where the server stands now. */
  readonly credential: UsableCredential | null
}

// An end user uses the backend's servers too; the backend none of its end users'.
const toPlaceParameters = ({ organizationId, projectIds, environment }: Actor): string[] => [
  organizationId,
  projectIds?.[0] ?? '',
  environment ?? '',
]

/** Null: there is no such server, or none of the caller's. */
export async function findServerWithCredential(ctx: Context, id: string): Promise<ServerWithCredential | null> {
  const { actor, app } = ctx
  const now = ctx.now()
  const time = app.config.databaseUrl === undefined ? now.getTime() : now.toISOString()
  const place = toPlaceParameters(actor)
  const owner = actor.endUser?.id
  const row = await app.queryRunner.read(usable, [id, ...place, owner ?? '', time, id, ...place, owner ?? 'backend'])
  if (!row) return null
  const server = hydrate(app.orm.getMetadata(), McpServer, row)
  return { server, credential: credentialIn(row, ctx, server) }
}

function credentialIn(row: Row, { actor }: Context, server: McpServer): UsableCredential | null {
  // A server that moves loses its credentials; one that was given for elsewhere is not sent, however that came about.
  if (row['credential_id'] === null || row['credential_origin'] !== server.origin) return null
  const ends = row['credential_ends'] as number | Date | null
  return Object.assign(new McpCredential(), {
    id: row['credential_id'] as string,
    organizationId: server.organizationId,
    projectId: server.projectId,
    environment: server.environment,
    endUserId: actor.endUser?.id ?? null,
    serverId: server.id,
    origin: server.origin,
    authType: row['credential_type'] as McpAuthType,
    sealedValue: row['credential_value'] as string | null,
    expiresAt: ends === null ? null : new Date(ends),
  })
}
