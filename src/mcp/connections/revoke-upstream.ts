/** Revokes tokens at their authorization server (RFC 7009), after they were wiped here. Best effort, in the background. */
import type { EntityManager } from '@mikro-orm/core'

import type { Permit } from '../../access/permit.js'
import type { Services } from '../../context/services.js'
import { McpCredential } from '../../entities/mcp-credential.js'
import { McpOAuthClient } from '../../entities/mcp-oauth-client.js'
import { open } from '../../lib/crypto/seal.js'
import { newId } from '../../lib/id.js'
import { disableOwnerFilter } from '../../tenancy/owner-filter.js'
import { revokeToken, type Tokens } from './token-requests.js'

type RevokeServices = Pick<Services, 'outbound' | 'clock' | 'masterKeys' | 'oauthDiscovery' | 'tokenTasks' | 'log'>

/** A refresh token that is about to be wiped, and the client that it was granted to. */
export interface UpstreamGrant {
  readonly client: McpOAuthClient
  readonly refreshToken: string
}

/** Grants of one change that are revoked upstream. Beyond them, tokens end by themselves. */
const maxGrants = 1000

/** Clients whose tokens are revoked at the same time. Each takes a connection, and a tenant may have one for each issuer. */
const maxClientsAtOnce = 10

/** Call it before the values are wiped, and {@link revokeUpstreamGrants} after the commit. */
export async function findUpstreamGrants(
  em: EntityManager,
  permit: Permit,
  { masterKeys, log }: Pick<Services, 'masterKeys' | 'log'>,
  where: object,
): Promise<UpstreamGrant[]> {
  // In a fork of the same transaction: the owner filter of `em` stays on.
  const unfilteredEm = disableOwnerFilter(em.fork({ keepTransactionContext: true }), permit)
  const credentials = await unfilteredEm.find(
    McpCredential,
    { ...where, authType: 'OAUTH', revokedAt: null, sealedRefresh: { $ne: null } },
    { limit: maxGrants },
  )
  const clients = await unfilteredEm.find(McpOAuthClient, { id: { $in: [...new Set(credentials.map((row) => row.oauthClientId ?? ''))] } })
  const byId = new Map(clients.map((client) => [client.id, client]))
  return credentials.flatMap((credential) => {
    const client = byId.get(credential.oauthClientId ?? '')
    if (!client || client.issuer !== credential.oauthIssuer || credential.sealedRefresh === null) return []
    try {
      return [{ client, refreshToken: open(masterKeys, credential.refreshAad(), credential.sealedRefresh) }]
    } catch (error) {
      // The wipe must not fail for a value that does not open.
      log.error({ err: error, credentialId: credential.id }, 'stored refresh token cannot be decrypted')
      return []
    }
  })
}

/** One at a time for each client, so that the deletion of a server is no flood. A client that stalls holds up a few others. */
export function revokeUpstreamGrants(services: RevokeServices, grants: readonly UpstreamGrant[]): void {
  const groups = [...Map.groupBy(grants, ({ client }) => client).values()]
  const queue = groups.values()
  for (let tasks = Math.min(groups.length, maxClientsAtOnce); tasks > 0; tasks--)
    void services.tokenTasks.run(newId('revoke', services.clock()), async () => {
      for (const group of queue) for (const { client, refreshToken } of group) await revokeOne(services, client, refreshToken)
    })
}

/** Revokes tokens that were received and not stored. */
export function revokeTokens(services: RevokeServices, client: McpOAuthClient, { refreshToken, accessToken }: Tokens): void {
  void services.tokenTasks.run(newId('revoke', services.clock()), () => revokeOne(services, client, refreshToken ?? accessToken))
}

async function revokeOne(services: RevokeServices, client: McpOAuthClient, token: string): Promise<void> {
  try {
    const metadata = await services.oauthDiscovery.authorizationServer(client.organizationId, client.issuer)
    await revokeToken(services, { metadata, client }, token)
  } catch (error) {
    services.log.info({ err: error, clientId: client.id }, 'a token could not be revoked at its authorization server')
  }
}
