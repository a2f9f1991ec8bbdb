/** SHA-256 digests. Secrets have at least 190 random bits, so they need no key stretching. */
import { hash } from 'node:crypto'

export const sha256 = (text: string): string => hash('sha256', text, 'hex')

const encodings = [
  ['hex', /^[0-9a-f]{64}$/i],
  ['base64', /^[A-Za-z0-9+/]{43}=?$/],
  ['base64url', /^[\w-]{43}=?$/],
] as const

/** SHA-256 digest in hex, from hex, base64 or base64url (RFC 4648), with or without padding. Undefined for any other text. */
export function parseDigest(text: string): string | undefined {
  const encoding = encodings.find(([, pattern]) => pattern.test(text))?.[0]
  if (encoding === undefined) return undefined
  const bytes = Buffer.from(text, encoding)
  // The last character has two bits too many. RFC 4648 §3.5: other values of them would encode the same digest again.
  const isCanonical = encoding === 'hex' || bytes.toString(encoding).startsWith(text.slice(0, 43))
  return isCanonical && bytes.length === 32 ? bytes.toString('hex') : undefined
}
