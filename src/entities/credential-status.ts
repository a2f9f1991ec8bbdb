/** Status of a credential at a time. */
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
