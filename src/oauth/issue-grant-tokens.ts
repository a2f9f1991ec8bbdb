/** Issues the access token and the refresh token of a grant, within the change that spends a code or an older refresh token. */
import type { EntityManager } from '@mikro-orm/core'

import type { Actor } from '../access/actor.js'
import { intersection, missingPermissions } from '../access/permissions.js'
import type { ActionScope } from '../context/attempt.js'
import type { Services } from '../context/services.js'
import type { GrantRow } from '../database/queries/oauth-grants.js'
import { AccessToken } from '../entities/access-token.js'
import { McpServer } from '../entities/mcp-server.js'
import { OAuthConfiguration } from '../entities/oauth-configuration.js'
import { OAuthRefreshToken } from '../entities/oauth-refresh-token.js'
import { addSeconds, epochSeconds } from '../lib/clock.js'
import { sha256 } from '../lib/crypto/digest.js'
import { invalidState, permissionNotHeld } from '../lib/errors.js'
import { newId } from '../lib/id.js'
import { issuerUrl } from '../lib/issuer.js'
import { generateToken } from '../lib/token-format.js'
import { resourceUrl } from './find-authorization-target.js'
import { acceptsClient } from './find-client.js'

/** Lifetimes in seconds: of an access token, and of a refresh token that is not used. Neither outlives the API key. */
export const grantTokenTtlSeconds = 3600
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
  { config, keyring, writeBehind }: Services,
  { em, actor, now, append, addDetails }: Scope,
  grant: GrantRow,
  requested: readonly string[] | null,
): Promise<GrantTokens> {
  const { organizationId, projectId, environment, apiKeyId, endUserId } = grant
  const audience = resourceUrl(config.url, grant.serverId)
  await assertStillAllowed(em, actor, grant, audience)
  const permissions = narrow(actor, grant, requested)
  const scope = permissions.join(' ')
  // A sandbox reset also revokes tokens issued in its own second.
  const issuedAt = Math.max(epochSeconds(now), actor.apiKey?.sandboxResetAt ? epochSeconds(actor.apiKey.sandboxResetAt) + 1 : 0)
  const keyExpiresAt = actor.expiresAt ? epochSeconds(actor.expiresAt) : Infinity
  const expiresAt = Math.min(issuedAt + grantTokenTtlSeconds, keyExpiresAt)
  const id = newId('at', now)
  const { text, kid } = await keyring.sign('at+jwt', {
    iss: issuerUrl(config.url, organizationId, environment),
    aud: audience,
    sub: grant.externalId,
    client_id: grant.clientId,
    iat: issuedAt,
    exp: expiresAt,
    jti: id,
    permissions,
    scope,
    org: organizationId,
    project: projectId,
    env: environment,
  })
  append(AccessToken, {
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
    signingKeyId: kid,
    hasTenantIssuer: true,
    issuedAt: new Date(issuedAt * 1000),
    expiresAt: new Date(expiresAt * 1000),
    revokedAt: null,
  })
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
  writeBehind.touchEndUser(endUserId, now)
  return { access_token: text, token_type: 'Bearer', expires_in: expiresAt - issuedAt, scope, refresh_token: refreshToken }
}
