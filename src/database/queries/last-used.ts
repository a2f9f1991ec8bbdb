/** Statements of last-used times. Parameters: time, id, time. The condition keeps the latest time when several processes write. */
export const setApiKeyLastUsed = 'update api_key set last_used_at = ? where id = ? and (last_used_at is null or last_used_at < ?)'
export const setPersonalTokenLastUsed =
  'update personal_token set last_used_on = ? where id = ? and (last_used_on is null or last_used_on < ?)'
export const setEndUserLastSeen = 'update end_user set last_seen_at = ? where id = ? and last_seen_at < ?'
export const setMcpCredentialLastUsed =
  'update mcp_credential set last_used_at = ? where id = ? and (last_used_at is null or last_used_at < ?)'
