/** Prepared queries of rows by the digest of a secret that a request names. */
import type { PreparedQuery } from '../query-runner.js'

// Scoped by organization only: the secret proves possession of the key, in whichever project and environment it is.
export const keyInOrganization: PreparedQuery = {
  name: 'organizations_key',
  sql: 'select * from api_key where digest = ? and organization_id = ?',
}

export const previousKeyInOrganization: PreparedQuery = {
  name: 'organizations_older_key',
  sql: 'select * from api_key where previous_digest = ? and organization_id = ?',
}

export const importedKeyInOrganization: PreparedQuery = {
  name: 'organizations_imported_key',
  sql: 'select * from api_key where imported_digest = ? and organization_id = ?',
}

export const invitationByDigest: PreparedQuery = {
  name: 'invitation_token',
  sql: `select i.id, i.organization_id, u.id as user_id, o.suspended_at from invitation i
    join organization o on o.id = i.organization_id
    left join "user" u on u.organization_id = i.organization_id and u.email_key = i.email_key where i.digest = ?`,
}

export const signInTokenByDigest: PreparedQuery = {
  name: 'sign_in_token',
  sql: `select t.id, t.organization_id, t.user_id, o.suspended_at from sign_in_token t
    join organization o on o.id = t.organization_id where t.digest = ?`,
}

/** Session of an end user who has signed in, and is not forgotten. */
export const browserSessionByDigest: PreparedQuery = {
  name: 'browser_session',
  sql: `select s.id, s.organization_id, s.project_id, s.environment, s.end_user_id, s.signed_in_at, s.expires_at, u.external_id
    from browser_session s join end_user u on u.id = s.end_user_id
    where s.digest = ? and s.signed_in_at is not null and s.revoked_at is null`,
}

/** End user that the product confirmed, by the session that waits for its ticket. */
export const endUserByTicket: PreparedQuery = {
  name: 'sign_in_ticket',
  sql: `select u.external_id from browser_session s join end_user u on u.id = s.end_user_id
    where s.digest = ? and s.id = ? and s.signed_in_at is null and s.revoked_at is null and s.expires_at > ?`,
}
