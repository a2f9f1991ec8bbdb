/** The text of an invitation or sign-in token: a prefix and 43 characters of base64url, 256 random bits. */
import { randomBytes } from 'node:crypto'

export const generateToken = (kind: 'invite' | 'signin'): string => `kh_${kind}_${randomBytes(32).toString('base64url')}`
