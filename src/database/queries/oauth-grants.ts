/** Queries of OAuth grants: by the code or refresh token that a client presents, whose digest implies the tenant, and in bulk. */
import { raw } from '@mikro-orm/core'

import type { Environment } from '../../entities/enums.js'
import { toDate, toDateOrNull, toJson } from '../dialect.js'
import type { PreparedQuery, QueryRunner } from '../query-runner.js'
import type { Row } from '../row-mapper.js'
import type { Condition } from './lists.js'

/** Grant with the external id of its end user. */
export interface GrantRow {
  readonly id: string
  readonly organizationId: string
  readonly projectId: string
  readonly environment: Environment
  readonly endUserId: string
  readonly externalId: string
  readonly serverId: string
  readonly apiKeyId: string
  readonly clientId: string
  readonly permissions: readonly string[]
  readonly revokedAt: Date | null
}

/** Grant and the credential that a client presented for it. */
export type Presented<Credential> = Credential & { readonly grant: GrantRow }

export interface CodeRow {
  readonly id: string
  readonly redirectUri: string
  readonly codeChallenge: string
  readonly expiresAt: Date
  readonly usedAt: Date | null
}

export interface RefreshTokenRow {
  readonly id: string
  readonly expiresAt: Date
  readonly usedAt: Date | null
  readonly sealedSuccessor: string | null
  readonly replayUntil: Date | null
}

const grantColumns = `g.id as grant_id, g.organization_id, g.project_id, g.environment, g.end_user_id, e.external_id, g.server_id, g.api_key_id,
  g.client_id, g.permissions, g.revoked_at`

// Without its end user, who was forgotten, there is no grant.
const grantJoin = 'join end_user e on e.id = g.end_user_id'

const grantById: PreparedQuery = { name: 'oauth_grant_by_id', sql: `select ${grantColumns} from oauth_grant g ${grantJoin} where g.id = ?` }

const codeByDigest: PreparedQuery = {
  name: 'oauth_code_by_digest',
  sql: `select ${grantColumns}, t.id, t.redirect_uri, t.code_challenge, t.expires_at, t.used_at
    from oauth_code t join oauth_grant g on g.id = t.grant_id ${grantJoin} where t.digest = ?`,
}

const refreshTokenByDigest: PreparedQuery = {
  name: 'oauth_refresh_token_by_digest',
  sql: `select ${grantColumns}, t.id, t.expires_at, t.used_at, t.sealed_successor, t.replay_until
    from oauth_refresh_token t join oauth_grant g on g.id = t.grant_id ${grantJoin} where t.digest = ?`,
}

const toGrant = (row: Row): GrantRow => ({
  id: row['grant_id'] as string,
  organizationId: row['organization_id'] as string,
  projectId: row['project_id'] as string,
  environment: row['environment'] as Environment,
  endUserId: row['end_user_id'] as string,
  externalId: row['external_id'] as string,
  serverId: row['server_id'] as string,
  apiKeyId: row['api_key_id'] as string,
  clientId: row['client_id'] as string,
  permissions: toJson(row['permissions']) as string[],
  revokedAt: toDateOrNull(row['revoked_at']),
})

/** The caller must have found the id by a code or refresh token. */
export async function readGrantById(reader: QueryRunner, id: string): Promise<GrantRow | undefined> {
  const row = await reader.read(grantById, [id])
  return row && toGrant(row)
}

export async function readCode(reader: QueryRunner, digest: string): Promise<Presented<CodeRow> | undefined> {
  const row = await reader.read(codeByDigest, [digest])
  return (
    row && {
      id: row['id'] as string,
      redirectUri: row['redirect_uri'] as string,
      codeChallenge: row['code_challenge'] as string,
      expiresAt: toDate(row['expires_at']),
      usedAt: toDateOrNull(row['used_at']),
      grant: toGrant(row),
    }
  )
}

export async function readRefreshToken(reader: QueryRunner, digest: string): Promise<Presented<RefreshTokenRow> | undefined> {
  const row = await reader.read(refreshTokenByDigest, [digest])
  return (
    row && {
      id: row['id'] as string,
      expiresAt: toDate(row['expires_at']),
      usedAt: toDateOrNull(row['used_at']),
      sealedSuccessor: row['sealed_successor'] as string | null,
      replayUntil: toDateOrNull(row['replay_until']),
      grant: toGrant(row),
    }
  )
}

/** Selects grants of any owner. The tenant filter of the rows that refer to them still applies. */
export type GrantSelection =
  | { readonly id: string }
  | { readonly endUserId: string }
  | { readonly serverId: string }
  | { readonly projectId: string; readonly environment: Environment }

const grantColumnNames: Readonly<Record<string, string>> = {
  id: 'id',
  endUserId: 'end_user_id',
  serverId: 'server_id',
  projectId: 'project_id',
  environment: 'environment',
}

/** Rows that refer to the selected grants by `grant_id`. A subquery, since a server may have any number of grants. */
export function ofGrants(selection: GrantSelection): Condition {
  const columns = Object.entries<string>({ ...selection })
  const conditions = columns.map(([property]) => `${grantColumnNames[property]!} = ?`).join(' and ')
  return {
    [raw(
      `grant_id in (select id from oauth_grant where ${conditions})`,
      columns.map(([, value]) => value),
    )]: [],
  }
}
