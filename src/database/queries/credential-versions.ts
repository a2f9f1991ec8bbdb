/** Prepared queries of the version of a credential, which changes when its access changes. */
import type { PreparedQuery } from '../query-runner.js'

const isNotSuspended = (organizationId: string): string =>
  `not exists (select 1 from organization where id = ${organizationId} and suspended_at is not null)`

const isStandingKey = `k.revoked_at is null and k.suspended_at is null and ${isNotSuspended('k.organization_id')}`

/**
 * Queries of the credential version, which the journal repeats under the organization's lock before a commit.
 * No row, or another version, requires a new authentication of the caller.
 */
export const versionQueries = {
  apiKey: {
    name: 'standing_of_key',
    sql: `select standing from api_key where id = ? and revoked_at is null and suspended_at is null and ${isNotSuspended('organization_id')}`,
  },
  accessToken: {
    name: 'standing_of_access_token',
    sql: `select k.standing from access_token t join api_key k on k.id = t.api_key_id
      where t.id = ? and t.revoked_at is null and ${isStandingKey}`,
  },
  browserSession: {
    name: 'standing_of_browser_session',
    sql: `select k.standing from browser_session s
      join oauth_configuration c on c.organization_id = s.organization_id and c.project_id = s.project_id and c.environment = s.environment
      join api_key k on k.id = c.api_key_id
      where s.id = ? and s.revoked_at is null and ${isStandingKey}`,
  },
  oauthGrant: {
    name: 'standing_of_oauth_grant',
    sql: `select k.standing from oauth_grant g join api_key k on k.id = g.api_key_id
      where g.id = ? and g.revoked_at is null and ${isStandingKey}`,
  },
  personalToken: {
    name: 'standing_of_personal_token',
    sql: `select m.standing from personal_token t join member m on m.user_id = t.user_id
      where t.id = ? and t.revoked_at is null and ${isNotSuspended('t.organization_id')}`,
  },
  signInToken: { name: 'standing_of_sign_in_token', sql: 'select 0 as standing from sign_in_token where id = ? and used_at is null' },
} as const satisfies Record<string, PreparedQuery>
