/**
 * SQL condition for a revoked access token, equivalent to `AccessToken.status`.
 * Revoking a key and resetting a sandbox do not update the rows of their tokens.
 */
export const tokenRevokedCondition = `(revoked_at is not null
  or exists (select 1 from api_key k where k.id = api_key_id and (k.revoked_at is not null or k.sandbox_reset_at >= issued_at))
  or exists (select 1 from signing_key s where s.id = signing_key_id and s.retired_at < expires_at))`
