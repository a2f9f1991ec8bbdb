/**
 * Deletes every row of an organization, in batches. `startDeletion` closes the audit chain; from then on the deletion
 * cannot be withdrawn, and `deleteOrganization` may be repeated until it has finished (docs/decisions/0206).
 */
import { setTimeout as wait } from 'node:timers/promises'

import { systemContext } from '../context/context.js'
import { authorizeRead } from '../context/perform.js'
import type { Services } from '../context/services.js'
import { lockHead, selectHead } from '../database/queries/audit-heads.js'
import {
  deleteHead,
  deleteOrganizationRow,
  deleteRowsOfOrganization,
  keepRevocationVersion,
  keepRevokedClients,
  markArchived,
} from '../database/queries/organization-deletion.js'
import { AccessToken } from '../entities/access-token.js'
import { ApiKey } from '../entities/api-key.js'
import { AuditEvent } from '../entities/audit-event.js'
import { BrowserSession } from '../entities/browser-session.js'
import { EndUser } from '../entities/end-user.js'
import { IdempotencyKey } from '../entities/idempotency-key.js'
import { Invitation } from '../entities/invitation.js'
import { McpConnection } from '../entities/mcp-connection.js'
import { McpCredential } from '../entities/mcp-credential.js'
import { McpOAuthClient } from '../entities/mcp-oauth-client.js'
import { McpServerCaller } from '../entities/mcp-server-caller.js'
import { McpServer } from '../entities/mcp-server.js'
import { McpToolApproval } from '../entities/mcp-tool-approval.js'
import { Member } from '../entities/member.js'
import { OAuthCode } from '../entities/oauth-code.js'
import { OAuthConfiguration } from '../entities/oauth-configuration.js'
import { OAuthGrant } from '../entities/oauth-grant.js'
import { OAuthRefreshToken } from '../entities/oauth-refresh-token.js'
import { PersonalToken } from '../entities/personal-token.js'
import { Project } from '../entities/project.js'
import { RateCounter } from '../entities/rate-counter.js'
import { SignInToken } from '../entities/sign-in-token.js'
import { UsageCount } from '../entities/usage-count.js'
import { User } from '../entities/user.js'
import { runStatements } from '../journal/maintain-rows.js'
import { startTimer } from '../lib/clock.js'
import { findUpstreamGrants, revokeUpstreamGrants } from '../mcp/connections/revoke-upstream.js'

/** Entities of a tenant, secrets first, and each before those that its foreign keys refer to. */
export const deletedEntities: readonly (new () => object)[] = [
  McpCredential,
  McpConnection,
  McpOAuthClient,
  PersonalToken,
  SignInToken,
  Invitation,
  OAuthRefreshToken,
  OAuthCode,
  OAuthGrant,
  OAuthConfiguration,
  BrowserSession,
  AccessToken,
  RateCounter,
  ApiKey,
  McpToolApproval,
  McpServerCaller,
  McpServer,
  EndUser,
  IdempotencyKey,
  UsageCount,
  Member,
  User,
  Project,
  AuditEvent,
]

/** Milliseconds for which the deletion waits for authorization servers. */
const maxRevocationMs = 60_000

type Deps = Pick<Services, 'orm' | 'journal' | 'clock' | 'config'>

/**
 * Closes the audit chain after `archivedEvents`. Returns false if the chain has grown since, and the archive must be renewed;
 * undefined if the request was withdrawn.
 */
export function startDeletion(deps: Deps, id: string, archivedEvents: number): Promise<boolean | undefined> {
  const isPostgres = deps.config.databaseUrl !== undefined
  return runStatements(deps, async ({ run, read }) => {
    const [head] = await read(isPostgres ? lockHead : selectHead, id)
    if (head?.['seq'] !== archivedEvents) return false
    if ((await run(markArchived, deps.clock(), id)) === 0) return undefined
    await run(keepRevokedClients, id, deps.clock())
    await run(deleteHead, id)
    return true
  })
}

/** Deletes what is left of an organization whose deletion has started, and revokes its tokens at authorization servers. */
export async function deleteOrganization(services: Services, id: string): Promise<void> {
  const ctx = systemContext(services, id)
  const grants = await authorizeRead(ctx, 'organization:delete', ({ permit }) => findUpstreamGrants(ctx.em, permit(), services, {}))
  for (const entity of deletedEntities) {
    await deleteRows(services, entity, id)
    if (entity === McpCredential) revokeUpstreamGrants(services, grants)
  }
  await services.tokenTasks.settle(maxRevocationMs)
  await runStatements(services, async ({ run }) => {
    await run(keepRevocationVersion, id)
    await run(deleteOrganizationRow, id)
  })
}

async function deleteRows(deps: Deps, entity: new () => object, id: string): Promise<void> {
  const { tableName } = deps.orm.getMetadata().get(entity)
  const sql = deleteRowsOfOrganization(tableName, deps.config.databaseUrl !== undefined)
  for (;;) {
    const elapsed = startTimer()
    if ((await runStatements(deps, ({ run }) => run(sql, id))) === 0) return
    // Half of the time belongs to the other tenants.
    await wait(elapsed() * 1000)
  }
}
