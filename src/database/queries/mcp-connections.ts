/** Statements of connections and renewals, whose counts name a single winner. */

/** Parameters: now, id. */
export const spendConnection = `update mcp_connection set used_at = ?, sealed_verifier = null, sealed_consent = null
  where id = ? and used_at is null`

/** Parameters: end of the lease, id, refresh version, now. */
export const takeRefreshLease = `update mcp_credential set lease_until = ?
  where id = ? and refresh_version = ? and revoked_at is null and (lease_until is null or lease_until <= ?)`

/** Parameters: id, end of the lease that is held. */
export const releaseRefreshLease = 'update mcp_credential set lease_until = null where id = ? and lease_until = ?'

/** Parameters: scopes as JSON, id, version. */
export const setNeededScopes = 'update mcp_credential set needed_scopes = ? where id = ? and version = ?'
