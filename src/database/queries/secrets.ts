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
