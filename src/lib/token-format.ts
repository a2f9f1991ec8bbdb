/** Format of one-time tokens, codes and refresh tokens: a prefix and 256 random bits as 43 base64url characters. */
import { randomBytes } from 'node:crypto'

export const generateToken = (kind: 'invite' | 'signin' | 'code' | 'refresh'): string =>
  `kh_${kind}_${randomBytes(32).toString('base64url')}`
