/** Wipes what the sandbox of one project has gathered. Its keys, the audit trail and usage stay (docs/decisions/0055). */
import type { EntityManager } from '@mikro-orm/core'

import type { Permit } from '../access/permit.js'
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { EndUser } from '../entities/end-user.js'
import { McpServer } from '../entities/mcp-server.js'
import { McpToolApproval } from '../entities/mcp-tool-approval.js'
import { productionNotSupported } from '../lib/errors.js'
import { revokeCredentials } from '../mcp/credentials/revoke-credentials.js'
import { disableOwnerFilter } from '../tenancy/owner-filter.js'
import { findProjectOrDefault } from '../tenancy/project.js'
import { revokeSandboxTokens } from './revoke-sandbox-tokens.js'

export interface SandboxReset {
  readonly deletedServers: number
  readonly revokedCredentials: number
  readonly revokedTokens: number
}

interface Place {
  readonly projectId: string
  readonly environment: 'SANDBOX'
}

type Wipe = (em: EntityManager, place: Place, now: Date, permit: Permit) => Promise<Partial<SandboxReset>>

/** One for each kind of sandbox data, in the order in which they may go. */
const resetSteps: readonly Wipe[] = [
  async (em, place, now) => ({ revokedTokens: await revokeSandboxTokens(em, place, now) }),
  async (em, place, now, permit) => ({ revokedCredentials: await revokeCredentials(em, permit, place, now) }),
  async (em, place, _now, permit) => ({ deletedServers: await disableOwnerFilter(em, permit).nativeDelete(McpServer, place) }),
  async (em, place, _now, permit) => {
    await disableOwnerFilter(em, permit).nativeDelete(McpToolApproval, place)
    return {}
  },
  async (em, place) => {
    await em.nativeDelete(EndUser, place)
    return {}
  },
]

export async function resetSandbox(ctx: Context, { projectId }: { projectId?: string | null | undefined }): Promise<SandboxReset> {
  return perform(ctx, 'sandbox:reset', async ({ em, actor, now, permit, addDetails }) => {
    if (actor.environment === 'PRODUCTION') throw productionNotSupported('A production credential cannot reset a sandbox.')
    permit({ environment: 'SANDBOX' })
    const project = await findProjectOrDefault(em, projectId)
    const place = { projectId: project.id, environment: 'SANDBOX' } as const
    const permitted = permit({ id: project.id, ...place })
    let reset: SandboxReset = { deletedServers: 0, revokedCredentials: 0, revokedTokens: 0 }
    for (const wipe of resetSteps) reset = { ...reset, ...(await wipe(em, place, now, permitted)) }
    addDetails({ ...reset })
    return reset
  })
}
