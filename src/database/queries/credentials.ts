/**
 * Prepared queries of credentials, which nearly every request needs. They are not cached, so a revocation is immediate.
 * The secret or id implies the tenant. All other queries use the entity manager and its filters.
 */
import type { EndUserScope } from '../../entities/end-user-scope.js'
import type { Environment, MemberRole, PersonalTokenType } from '../../entities/enums.js'
import type { RateLimit } from '../../entities/rate-limit.js'
import { parseApiKey } from '../../lib/api-key-format.js'
import { sha256 } from '../../lib/crypto/digest.js'
import { toDate, toDateOrNull, toJson } from '../dialect.js'
import type { PreparedQuery, QueryRunner } from '../query-runner.js'
import type { Row } from '../row-mapper.js'

/** API key with the state that authentication checks. */
export interface KeyRow {
  readonly id: string
  readonly organizationId: string
  readonly projectId: string
  readonly environment: Environment
  readonly permissions: readonly string[]
  readonly rateLimits: readonly RateLimit[]
  readonly allowedAudiences: readonly string[] | null
  readonly endUsers: EndUserScope
  readonly allowedIps: readonly string[] | null
  readonly authVersion: number
  readonly expiresAt: Date | null
  readonly revokedAt: Date | null
  readonly suspendedAt: Date | null
  readonly isOrganizationSuspended: boolean
  readonly previousSecretExpiresAt: Date | null
  readonly endOverlapAtFirstUse: boolean
  /** Time of the latest sandbox reset: tokens issued at or before it are revoked. */
  readonly sandboxResetAt: Date | null
  /** True if the request presented the secret from before the latest rotation. */
  readonly isSuperseded: boolean
}

const keyColumns = `id, organization_id, project_id, environment, permissions, rate_limits, allowed_audiences, end_user_scope, allowed_ips, standing,
  expires_at, revoked_at, suspended_at, previous_secret_expires_at, end_overlap_at_first_use, sandbox_reset_at,
  (select suspended_at from organization where id = organization_id) as organization_suspended_at`

const keyByDigest: PreparedQuery = { name: 'key_by_digest', sql: `select ${keyColumns} from api_key where digest = ?` }
const keyByPreviousDigest: PreparedQuery = {
  name: 'key_by_previous_digest',
  sql: `select ${keyColumns} from api_key where previous_digest = ?`,
}

const keyByImportedDigest: PreparedQuery = {
  name: 'key_by_imported_digest',
  sql: `select ${keyColumns}, digest, previous_digest from api_key where imported_digest = ?`,
}

const toKey = (row: Row, isSuperseded: boolean): KeyRow => ({
  id: row['id'] as string,
  organizationId: row['organization_id'] as string,
  projectId: row['project_id'] as string,
  environment: row['environment'] as Environment,
  permissions: toJson(row['permissions']) as string[],
  rateLimits: toJson(row['rate_limits']) as RateLimit[],
  allowedAudiences: toJson(row['allowed_audiences']) as string[] | null,
  endUsers: toJson(row['end_user_scope']) as EndUserScope,
  allowedIps: toJson(row['allowed_ips']) as string[] | null,
  authVersion: row['standing'] as number,
  expiresAt: toDateOrNull(row['expires_at']),
  revokedAt: toDateOrNull(row['revoked_at']),
  suspendedAt: toDateOrNull(row['suspended_at']),
  isOrganizationSuspended: row['organization_suspended_at'] != null,
  previousSecretExpiresAt: toDateOrNull(row['previous_secret_expires_at']),
  endOverlapAtFirstUse: Boolean(row['end_overlap_at_first_use']),
  sandboxResetAt: toDateOrNull(row['sandbox_reset_at']),
  isSuperseded,
})

/** Whether a rotation replaced this secret and its overlap has ended. */
const isOverlapOver = ({ isSuperseded, previousSecretExpiresAt }: KeyRow, now: Date): boolean =>
  isSuperseded && !(previousSecretExpiresAt && previousSecretExpiresAt > now)

/** Looks a secret up by its form. One of another form can only have been imported, which a single look-up tells. */
async function readKeyOfAnyTime(reader: QueryRunner, secret: string): Promise<KeyRow | undefined> {
  const digest = sha256(secret)
  if (!parseApiKey(secret)) {
    const imported = await reader.read(keyByImportedDigest, [digest])
    const isKnown = imported?.['digest'] === digest || imported?.['previous_digest'] === digest
    return imported && isKnown ? toKey(imported, imported['digest'] !== digest) : undefined
  }
  const row = await reader.read(keyByDigest, [digest])
  if (row) return toKey(row, false)
  const previous = await reader.read(keyByPreviousDigest, [digest])
  return previous && toKey(previous, true)
}

const keyById: PreparedQuery = { name: 'key_by_id', sql: `select ${keyColumns} from api_key where id = ?` }

/** The key as its current secret is authenticated. The caller must have found the id within its tenant. */
export async function readKeyById(reader: QueryRunner, id: string): Promise<KeyRow | undefined> {
  const row = await reader.read(keyById, [id])
  return row && toKey(row, false)
}

/** Finds an API key by its secret. A superseded secret is unknown after its overlap, even if its key was revoked since. */
export async function readKey(reader: QueryRunner, secret: string, now: Date): Promise<KeyRow | undefined> {
  const key = await readKeyOfAnyTime(reader, secret)
  return key && !isOverlapOver(key, now) ? key : undefined
}

/** Personal token with the membership of its user. */
export interface PersonalTokenRow {
  readonly id: string
  readonly organizationId: string
  readonly userId: string
  readonly memberId: string
  readonly type: PersonalTokenType
  readonly permissions: readonly string[] | null
  readonly role: MemberRole
  readonly projectIds: readonly string[] | null
  readonly authVersion: number
  readonly expiresAt: Date
  readonly revokedAt: Date | null
  readonly isOrganizationSuspended: boolean
}

const personalToken: PreparedQuery = {
  name: 'personal_token',
  sql: `select t.id, t.organization_id, t.user_id, t.type, t.permissions, t.expires_at, t.revoked_at,
    m.id as member_id, m.role, m.project_ids, m.standing,
    (select suspended_at from organization where id = t.organization_id) as suspended_at
    from personal_token t join member m on m.user_id = t.user_id where t.id = ?`,
}

/** Undefined for an unknown token, or when its user is no longer a member. */
export async function readPersonalToken(reader: QueryRunner, id: string): Promise<PersonalTokenRow | undefined> {
  const row = await reader.read(personalToken, [id])
  return (
    row && {
      id: row['id'] as string,
      organizationId: row['organization_id'] as string,
      userId: row['user_id'] as string,
      memberId: row['member_id'] as string,
      type: row['type'] as PersonalTokenType,
      permissions: toJson(row['permissions']) as string[] | null,
      role: row['role'] as MemberRole,
      projectIds: toJson(row['project_ids']) as string[] | null,
      authVersion: row['standing'] as number,
      expiresAt: toDate(row['expires_at']),
      revokedAt: toDateOrNull(row['revoked_at']),
      isOrganizationSuspended: row['suspended_at'] != null,
    }
  )
}

/** Access token with the API key that it was exchanged from. */
export interface AccessTokenRow {
  readonly id: string
  readonly permissions: readonly string[]
  readonly issuedAt: Date
  readonly expiresAt: Date
  readonly revokedAt: Date | null
  /** Empty: the token acts for no end user. */
  readonly endUserId: string
  /** OAuth grant of the token; null: it was exchanged from the key. */
  readonly grantId: string | null
  readonly hasTenantIssuer: boolean
  /** Current state of the API key that the token was exchanged from. */
  readonly key: KeyRow
}

const accessToken: PreparedQuery = {
  name: 'access_token',
  sql: `select ${keyColumns}, token_id, token_permissions, issued_at, token_expires_at, token_revoked_at, end_user_id, grant_id, has_tenant_issuer from (
      select id as token_id, api_key_id, end_user_id, grant_id, has_tenant_issuer, issued_at,
        permissions as token_permissions, expires_at as token_expires_at, revoked_at as token_revoked_at
      from access_token where id = ?
    ) t join api_key on id = api_key_id`,
}

export async function readAccessToken(reader: QueryRunner, id: string): Promise<AccessTokenRow | undefined> {
  const row = await reader.read(accessToken, [id])
  return (
    row && {
      id: row['token_id'] as string,
      permissions: toJson(row['token_permissions']) as string[],
      issuedAt: toDate(row['issued_at']),
      expiresAt: toDate(row['token_expires_at']),
      revokedAt: toDateOrNull(row['token_revoked_at']),
      endUserId: row['end_user_id'] as string,
      grantId: row['grant_id'] as string | null,
      hasTenantIssuer: Boolean(row['has_tenant_issuer']),
      key: toKey(row, false),
    }
  )
}
