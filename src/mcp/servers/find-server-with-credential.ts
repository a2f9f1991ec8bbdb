/**
 * Finds the MCP server and the caller's credential for one message, with one prepared statement. Nothing is cached, so a
 * revocation or a narrower rule applies to the next message. The statement filters by tenant and owner itself.
 */
import type { Actor } from '../../access/actor.js'
import type { Context } from '../../context/context.js'
import { toDateOrNull } from '../../database/dialect.js'
import { serverWithCredentials } from '../../database/queries/mcp.js'
import { hydrate, type Row } from '../../database/row-mapper.js'
import type { McpAuthType, McpCredentialHealthStatus } from '../../entities/enums.js'
import { McpCredential } from '../../entities/mcp-credential.js'
import { McpServer } from '../../entities/mcp-server.js'
import type { UsableCredential } from '../credentials/open-credential.js'

export interface ServerWithCredential {
  readonly server: McpServer
  /** The caller's newest live credential for the server's current origin, else the one that the server shares; null without one. */
  readonly credential: UsableCredential | null
  /** Whether the credential is the one that the server shares with end users. */
  readonly isShared: boolean
  /** Whether the server missed scopes in a call since the end user connected its account. */
  readonly lacksScopes: boolean
}

/** Whether an account must be connected, or connected again, before the server can be called. */
export const needsConnection = ({ credential }: ServerWithCredential): boolean =>
  !credential || credential.healthStatus === 'RECONNECT_REQUIRED'

const toScopeParameters = ({ organizationId, projectIds, environment }: Actor): string[] => [
  organizationId,
  projectIds?.[0] ?? '',
  environment ?? '',
]

/** Null when the server does not exist or is not in the caller's scope. */
export async function findServerWithCredential(ctx: Context, id: string): Promise<ServerWithCredential | null> {
  const { actor, services } = ctx
  const scope = toScopeParameters(actor)
  // An end user may use the backend's servers too. The backend may not use its end users' servers.
  const owner = actor.endUser?.id
  const row = await services.queryRunner.read(serverWithCredentials, [
    id,
    ...scope,
    owner ?? '',
    ctx.now(),
    ctx.now(),
    id,
    ...scope,
    owner ?? 'backend',
  ])
  if (!row) return null
  const server = hydrate(services.orm.getMetadata(), McpServer, row)
  const own = toCredential(row, 'own', server, owner ?? null)
  const shared = own || owner === undefined ? null : toCredential(row, 'shared', server, null)
  return { server, credential: own ?? shared, isShared: shared !== null, lacksScopes: own !== null && Boolean(row['own_lacks_scopes']) }
}

function toCredential(row: Row, alias: 'own' | 'shared', server: McpServer, endUserId: string | null): UsableCredential | null {
  const column = (name: string): unknown => row[`${alias}_${name}`]
  // Defence in depth: a credential goes only to the origin that it was stored for. A server that moves loses its credentials.
  if (column('id') === null || column('origin') !== server.origin) return null
  return Object.assign(new McpCredential(), {
    id: column('id') as string,
    organizationId: server.organizationId,
    projectId: server.projectId,
    environment: server.environment,
    endUserId,
    serverId: server.id,
    origin: server.origin,
    authType: column('auth_type') as McpAuthType,
    sealedValue: column('sealed_value') as string | null,
    expiresAt: toDateOrNull(column('expires_at')),
    version: column('version') as number,
    healthStatus: column('health_status') as McpCredentialHealthStatus,
    accessExpiresAt: toDateOrNull(column('access_expires_at')),
    renewAt: toDateOrNull(column('renew_at')),
    refreshVersion: column('refresh_version') as number,
  })
}
