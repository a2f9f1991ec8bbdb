/** Every sealed value of a deployment, as its plaintext. */
import type { MikroORM } from '@mikro-orm/core'

import { findNotSealedWith, sealedColumns } from '../../src/encryption/sealed-columns.js'
import { consentAad, McpConnection, verifierAad } from '../../src/entities/mcp-connection.js'
import { McpCredential } from '../../src/entities/mcp-credential.js'
import { clientSecretAad, McpOAuthClient } from '../../src/entities/mcp-oauth-client.js'
import { oidcClientSecretAad } from '../../src/entities/oauth-configuration.js'
import { OAuthRefreshToken, successorAad } from '../../src/entities/oauth-refresh-token.js'
import { open, seal, type MasterKeys } from '../../src/lib/crypto/seal.js'
import { newId } from '../../src/lib/id.js'
import { buildConfiguration } from './oauth-connections.js'
import type { SeededOrganization } from './seed.js'

/** Plaintexts by the name of their column, in the order of the rows. @throws SealError */
export async function sealedTexts(orm: MikroORM, keys: MasterKeys): Promise<Record<string, string[]>> {
  const texts: Record<string, string[]> = {}
  for (const column of sealedColumns) {
    const rows = await findNotSealedWith(orm, column, [], { after: '', limit: 1000 })
    texts[column.name] = rows.map(({ aad, envelope }) => open(keys, aad, envelope))
  }
  return texts
}

/** Names of the columns that {@link seedOAuthSecrets} fills with one value each, which is the name. */
export const oauthColumns = [
  'refresh responses',
  'OpenID client secrets',
  'refresh tokens',
  'client secrets',
  'code verifiers',
  'waiting consents',
] as const

/** Stores one secret of each kind that OAuth has, in either direction. @param credential which becomes a connected account */
export async function seedOAuthSecrets(acme: SeededOrganization, credential: McpCredential, keys: MasterKeys): Promise<void> {
  const { em, id: organizationId, projectId } = acme
  const now = acme.app.clock.now()
  const ends = { createdAt: now, expiresAt: new Date(now.getTime() + 3_600_000), usedAt: null }
  const place = { organizationId, projectId, environment: 'SANDBOX' } as const
  const configuration = buildConfiguration(organizationId, projectId, (await acme.apiKey()).id, now)
  configuration.sealedOidcClientSecret = seal(keys, oidcClientSecretAad(configuration), 'OpenID client secrets')
  const client = Object.assign(new McpOAuthClient(), {
    id: newId('mcp_cli', now),
    ...place,
    issuer: 'https://as.example',
    kind: 'DCR' as const,
    clientId: 'keyhouse',
    redirectUri: 'https://keyhouse.example/callback',
    createdAt: now,
    retiredAt: null,
  })
  client.sealedSecret = seal(keys, clientSecretAad(client), 'client secrets')
  const connection = Object.assign(new McpConnection(), {
    id: newId('mcp_con', now),
    ...place,
    ...ends,
    endUserId: 'jane',
    serverId: credential.serverId,
    origin: 'https://mcp.example',
    apiKeyId: configuration.apiKeyId,
    clientId: client.id,
    resource: null,
    scopes: [],
  })
  connection.sealedVerifier = seal(keys, verifierAad(connection), 'code verifiers')
  connection.sealedConsent = seal(keys, consentAad(connection), 'waiting consents')
  const token = Object.assign(new OAuthRefreshToken(), {
    id: newId('rt', now),
    organizationId,
    ...ends,
    grantId: 'grant',
    digest: 'digest',
    replayUntil: ends.expiresAt,
  })
  token.sealedSuccessor = seal(keys, successorAad(token), 'refresh responses')
  await em.persist([configuration, client, connection, token]).flush()
  const oauthIssuer = client.issuer
  const sealedRefresh = seal(keys, Object.assign(credential, { oauthIssuer }).refreshAad(), 'refresh tokens')
  await em.nativeUpdate(McpCredential, { id: credential.id }, { oauthIssuer, sealedRefresh })
}
