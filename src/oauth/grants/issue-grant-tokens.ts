/** Issues the access token and the refresh token of a grant, within the change that spends a code or an older refresh token. */
import type { EntityManager } from '@mikro-orm/core'

import type { Actor } from '../../access/actor.js'
import { intersection, missingPermissions } from '../../access/permissions.js'
import type { ActionScope } from '../../context/attempt.js'
import type { Services } from '../../context/services.js'
import type { GrantRow } from '../../database/queries/oauth-grants.js'
import { AccessToken } from '../../entities/access-token.js'
import { McpServer } from '../../entities/mcp-server.js'
import { OAuthConfiguration } from '../../entities/oauth-configuration.js'
import { OAuthRefreshToken } from '../../entities/oauth-refresh-token.js'
import { mcpResource } from '../../lib/audience.js'
import { addSeconds, epochSeconds } from '../../lib/clock.js'
import { sha256 } from '../../lib/crypto/digest.js'
import { invalidState, permissionNotHeld } from '../../lib/errors.js'
import { newId } from '../../lib/id.js'
import { generateToken } from '../../lib/token-format.js'
import { defaultTokenTtlSeconds, earliestIssueTime, issueAccessToken } from '../../signing-keys/issue-access-token.js'
import { acceptsClient } from '../clients/find-client.js'

/** Lifetime in seconds of a refresh token that is not used. Neither it nor an access token outlives the API key. */
export const refreshTokenTtlSeconds = 30 * 86_400

/** The tokens, as the token endpoint returns them (RFC 6749 §5.1). */
export interface GrantTokens {
  readonly access_token: string
  readonly token_type: 'Bearer'
  readonly expires_in: number
  readonly scope: string
  readonly refresh_token: string
}

type Scope = ActionScope & { readonly em: EntityManager }

/** @throws DomainError INVALID_STATE if the project, the server or the API key no longer allows the grant */
async function assertStillAllowed(em: EntityManager, actor: Actor, grant: GrantRow, audience: string): Promise<void> {
  const { projectId, environment, clientId, apiKeyId, serverId } = grant
  const configuration = await em.findOne(OAuthConfiguration, { projectId, environment })
  if (!configuration || configuration.apiKeyId !== apiKeyId || !acceptsClient(configuration, clientId))
    throw invalidState('The OAuth configuration of the project no longer allows this client. Start a new authorization.')
  if (!(await em.findOne(McpServer, { id: serverId })))
    throw invalidState('The MCP server no longer exists for this end user. Start a new authorization.')
  const audiences = actor.apiKey?.allowedAudiences
  if (audiences && !audiences.includes(audience))
    throw invalidState('The API key behind this grant no longer allows this MCP server. Start a new authorization.')
}

/** The permissions of the grant that its API key still holds, or those of them that the client asks for. */
function narrow(actor: Actor, grant: GrantRow, requested: readonly string[] | null): string[] {
  if (requested && missingPermissions(grant.permissions, requested).length > 0)
    throw permissionNotHeld('scope exceeds the grant. Omit it, or ask for permissions that the end user granted.')
  const permissions = intersection(requested ?? grant.permissions, actor.permissions)
  if (permissions.length === 0)
    throw invalidState('The API key behind this grant holds none of the granted permissions. Start a new authorization.')
  return permissions
}

/** @param requested permissions of the access token alone; null: all of the grant */
export async function issueGrantTokens(
  services: Services,
  { em, actor, now, append, addDetails }: Scope,
  grant: GrantRow,
  requested: readonly string[] | null,
): Promise<GrantTokens> {
  const { organizationId, projectId, environment, apiKeyId, endUserId } = grant
  const audience = mcpResource(services.config.url, grant.serverId)
  await assertStillAllowed(em, actor, grant, audience)
  const permissions = narrow(actor, grant, requested)
  const issuedAt = earliestIssueTime(actor.apiKey?.sandboxResetAt ?? null, now)
  const keyExpiresAt = actor.expiresAt ? epochSeconds(actor.expiresAt) : Infinity
  const expiresAt = Math.min(issuedAt + defaultTokenTtlSeconds, keyExpiresAt)
  const id = newId('at', now)
  const { token, row } = await issueAccessToken(services, {
    id,
    organizationId,
    projectId,
    environment,
    apiKeyId,
    endUserId,
    grantId: grant.id,
    subjectTokenId: null,
    audience,
    permissions,
    subject: grant.externalId,
    clientId: grant.clientId,
    issuedAt,
    expiresAt,
  })
  append(AccessToken, row)
  const refreshToken = generateToken('refresh')
  const unusedUntil = addSeconds(now, refreshTokenTtlSeconds)
  append(OAuthRefreshToken, {
    id: newId('ort', now),
    organizationId,
    grantId: grant.id,
    digest: sha256(refreshToken),
    createdAt: now,
    expiresAt: actor.expiresAt && actor.expiresAt < unusedUntil ? actor.expiresAt : unusedUntil,
    usedAt: null,
    sealedSuccessor: null,
    replayUntil: null,
  })
  addDetails({ tokenId: id, serverId: grant.serverId })
  services.writeBehind.touchEndUser(endUserId, now)
  return {
    access_token: token,
    token_type: 'Bearer',
    expires_in: expiresAt - issuedAt,
    scope: permissions.join(' '),
    refresh_token: refreshToken,
  }
}
