/** Resets the sandbox of one project. API keys, the audit trail and usage stay (docs/decisions/0055). */
import type { EntityManager } from '@mikro-orm/core'

import type { Permit } from '../access/permit.js'
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { BrowserSession } from '../entities/browser-session.js'
import { EndUser } from '../entities/end-user.js'
import { McpConnection } from '../entities/mcp-connection.js'
import { McpServer } from '../entities/mcp-server.js'
import { McpToolApproval } from '../entities/mcp-tool-approval.js'
import { productionNotSupported } from '../lib/errors.js'
import { findUpstreamGrants, revokeUpstreamGrants, type UpstreamGrant } from '../mcp/connections/revoke-upstream.js'
import { revokeCredentials } from '../mcp/credentials/revoke-credentials.js'
import { deleteGrants } from '../oauth/grants/revoke-grants.js'
import { disableOwnerFilter } from '../tenancy/owner-filter.js'
import { findProjectOrDefault } from '../tenancy/project.js'
import { revokeSandboxTokens } from './revoke-sandbox-tokens.js'

export interface SandboxReset {
  readonly deletedServers: number
  readonly revokedCredentials: number
  readonly revokedTokens: number
}

interface SandboxScope {
  readonly projectId: string
  readonly environment: 'SANDBOX'
}

type ResetStep = (em: EntityManager, scope: SandboxScope, now: Date, permit: Permit) => Promise<Partial<SandboxReset>>

/** One step per kind of sandbox data, in order of dependency. */
const resetSteps: readonly ResetStep[] = [
  async (em, scope, now) => ({ revokedTokens: await revokeSandboxTokens(em, scope, now) }),
  async (em, scope, now, permit) => ({ revokedCredentials: await revokeCredentials(em, permit, scope, now) }),
  async (em, scope, _now, permit) => ({ deletedServers: await disableOwnerFilter(em, permit).nativeDelete(McpServer, scope) }),
  async (em, scope, _now, permit) => {
    await disableOwnerFilter(em, permit).nativeDelete(McpToolApproval, scope)
    await disableOwnerFilter(em, permit).nativeDelete(McpConnection, scope)
    return {}
  },
  async (em, scope, _now, permit) => {
    await deleteGrants(em, permit, scope)
    return {}
  },
  async (em, scope) => {
    await em.nativeDelete(BrowserSession, scope)
    await em.nativeDelete(EndUser, scope)
    return {}
  },
]

/** @throws DomainError PRODUCTION_NOT_SUPPORTED, FORBIDDEN or NOT_FOUND */
export async function resetSandbox(ctx: Context, { projectId }: { projectId?: string | null | undefined }): Promise<SandboxReset> {
  let grants: UpstreamGrant[] = []
  const result = await perform(ctx, 'sandbox:reset', async ({ em, actor, now, permit, addDetails }) => {
    if (actor.environment === 'PRODUCTION')
      throw productionNotSupported('A PRODUCTION credential cannot reset a sandbox. Use an API key of the sandbox, or a personal token.')
    permit({ environment: 'SANDBOX' })
    const project = await findProjectOrDefault(em, projectId)
    const scope = { projectId: project.id, environment: 'SANDBOX' } as const
    const permitted = permit({ id: project.id, ...scope })
    grants = await findUpstreamGrants(em, permitted, ctx.services, scope)
    let reset: SandboxReset = { deletedServers: 0, revokedCredentials: 0, revokedTokens: 0 }
    for (const step of resetSteps) reset = { ...reset, ...(await step(em, scope, now, permitted)) }
    addDetails({ ...reset })
    return reset
  })
  revokeUpstreamGrants(ctx.services, grants)
  return result
}
