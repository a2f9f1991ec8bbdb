/**
 * Conditions for the status of credentials. Each equals the method of its entity that takes `now`: a credential is expired at
 * `expiresAt` itself. Revoking a key and resetting a sandbox do not update the rows of their tokens.
 */
import { raw } from '@mikro-orm/core'

import type { CredentialStatus } from '../../entities/enums.js'
import type { Condition } from './lists.js'

const expiresAfter = (now: Date) => ({ expiresAt: { $gt: now } })
const neverExpiresOrAfter = (now: Date) => ({ $or: [{ expiresAt: null }, expiresAfter(now)] })

/** `ApiKey.status`. */
export function apiKeysWithStatus(status: CredentialStatus, now: Date): Condition {
  if (status === 'REVOKED') return { revokedAt: { $ne: null } }
  if (status === 'SUSPENDED') return { revokedAt: null, suspendedAt: { $ne: null } }
  return { revokedAt: null, suspendedAt: null, ...(status === 'EXPIRED' ? { expiresAt: { $lte: now } } : neverExpiresOrAfter(now)) }
}

/** `AccessToken.status` is REVOKED. */
export const isRevokedToken = `(revoked_at is not null
  or exists (select 1 from api_key k where k.id = api_key_id and (k.revoked_at is not null or k.sandbox_reset_at >= issued_at))
  or exists (select 1 from signing_key s where s.id = signing_key_id and s.retired_at < expires_at))`

const isTokenOfSuspendedKey = 'exists (select 1 from api_key k where k.id = api_key_id and k.suspended_at is not null)'

/** `AccessToken.status`. */
export function accessTokensWithStatus(status: CredentialStatus, now: Date): Condition {
  if (status === 'REVOKED') return { [raw(isRevokedToken)]: [] }
  const unrevoked = { [raw(`not ${isRevokedToken}`)]: [] }
  if (status === 'EXPIRED') return { ...unrevoked, expiresAt: { $lte: now } }
  const isSuspended = status === 'SUSPENDED' ? isTokenOfSuspendedKey : `not ${isTokenOfSuspendedKey}`
  return { ...unrevoked, [raw(isSuspended)]: [], ...expiresAfter(now) }
}

/** `PersonalToken.status`, and that of an access token whose key and signing key are in use. */
export const unrevokedTokens = (now: Date) => ({ revokedAt: null, ...expiresAfter(now) })

/** MCP credentials that are ACTIVE. */
export const liveMcpCredentials = (now: Date) => ({ revokedAt: null, ...neverExpiresOrAfter(now) })

/** `McpCredential.status`. No MCP credential is ever SUSPENDED. */
export function mcpCredentialsWithStatus(status: CredentialStatus, now: Date): Condition {
  if (status === 'REVOKED') return { revokedAt: { $ne: null } }
  if (status === 'SUSPENDED') return { id: '' }
  return status === 'EXPIRED' ? { revokedAt: null, expiresAt: { $lte: now } } : liveMcpCredentials(now)
}

const isLive = (prefix: string): string => `(${prefix}revoked_at is null and (${prefix}expires_at is null or ${prefix}expires_at > ?))`

/** `McpCredential.status`, in a prepared statement. Parameter: now. */
export const isLiveMcpCredential = isLive('')
export const isLiveSharedMcpCredential = isLive('shared.')

/** Invitations that can be accepted. */
export const pendingInvitations = (now: Date) => ({ acceptedAt: null, revokedAt: null, ...expiresAfter(now) })

/** Sign-in tokens that can be used. */
export const unusedSignInTokens = (now: Date) => ({ usedAt: null, ...expiresAfter(now) })
