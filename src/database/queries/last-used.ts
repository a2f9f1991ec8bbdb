/** Statements of last-used times. Parameters: time, id, time. The condition keeps the latest time when several processes write. */
export const setApiKeyLastUsed = 'update api_key set last_used_at = ? where id = ? and (last_used_at is null or last_used_at < ?)'
export const setPersonalTokenLastUsed =
  'update personal_token set last_used_on = ? where id = ? and (last_used_on is null or last_used_on < ?)'
export const setEndUserLastSeen = 'update end_user set last_seen_at = ? where id = ? and last_seen_at < ?'
export const setMcpCredentialLastUsed =
  'update mcp_credential set last_used_at = ? where id = ? and (last_used_at is null or last_used_at < ?)'

/**
 * Sets the health of an MCP credential. Parameters: status, time, status, HTTP status, id, version, status, HTTP status, time.
 * An unchanged health is not written. A response to an earlier value tells nothing about the current one. RECONNECT_REQUIRED
 * stays until the account is connected again.
 */
export const setMcpCredentialHealth = `update mcp_credential
  set health_changed_at = case when health_status = ? then health_changed_at else ? end, health_status = ?, health_http_status = ?
  where id = ? and version = ? and health_status <> 'RECONNECT_REQUIRED' and (health_status <> ? or health_http_status <> ?) and (health_changed_at is null or health_changed_at <= ?)`
