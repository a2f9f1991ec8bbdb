/** Status of a credential at a time: the rules that requests, lists and explanations share. */
import type { CredentialStatus } from './enums.js'

interface CredentialTimes {
  readonly revokedAt: Date | null
  /** Of an API key. */
  readonly suspendedAt?: Date | null
  readonly expiresAt: Date | null
}

/** `now` equal to `expiresAt` is EXPIRED. Equal to the conditions in database/queries/live-credentials.ts. */
export function credentialStatus({ revokedAt, suspendedAt, expiresAt }: CredentialTimes, now: Date): CredentialStatus {
  if (revokedAt) return 'REVOKED'
  if (suspendedAt) return 'SUSPENDED'
  return expiresAt && expiresAt <= now ? 'EXPIRED' : 'ACTIVE'
}

interface TokenTimes {
  readonly issuedAt: Date
  readonly revokedAt: Date | null
  readonly expiresAt: Date
}

/** Reason that an access token is refused by its own record, or by a reset of its sandbox; null: it is not. */
export function accessTokenRefusal(
  token: TokenTimes,
  key: { readonly sandboxResetAt: Date | null } | null,
  now: Date,
): 'REVOKED' | 'SANDBOX_RESET' | 'EXPIRED' | null {
  if (token.revokedAt) return 'REVOKED'
  if (key?.sandboxResetAt && token.issuedAt <= key.sandboxResetAt) return 'SANDBOX_RESET'
  return token.expiresAt <= now ? 'EXPIRED' : null
}

/** Whether the signing key was retired before the token expired. Its signature is then refused. */
export const isSignatureWithdrawn = (token: TokenTimes, signingKeyRetiredAt: Date | null): boolean =>
  signingKeyRetiredAt !== null && signingKeyRetiredAt < token.expiresAt
