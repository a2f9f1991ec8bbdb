/** Session key: the half of a console session that script holds. The other half is a cookie with a JWT that names its digest. */
import { hash, randomBytes } from 'node:crypto'

/** 256 random bits as 43 base64url characters. */
export const generateSessionKey = (): string => randomBytes(32).toString('base64url')

const digestMember = 'kh:session'
const digest = (sessionKey: string): string => hash('sha256', sessionKey, 'base64url')

/** Value of the `cnf` claim (RFC 7800 §3.1) that binds a token to this session key. */
export const confirmationOf = (sessionKey: string): object => ({ [digestMember]: digest(sessionKey) })

/**
 * Whether exactly one session key was sent and its digest is in the claim. Digests are compared, so response times do not
 * disclose the key. A claim of another form confirms nothing.
 */
export const isConfirmedBy = (cnf: unknown, sessionKeys: readonly string[]): boolean =>
  sessionKeys.length === 1 && (cnf as Record<string, unknown> | null)?.[digestMember] === digest(sessionKeys[0]!)
