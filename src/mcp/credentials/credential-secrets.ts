/** Secrets within a credential's headers, which the gateway redacts from the server's responses. */

/** Node.js writes header values as Latin-1, so a non-ASCII value is passed as its UTF-8 bytes. */
const toHeaderBytes = (value: string): string => (Buffer.byteLength(value) === value.length ? value : Buffer.from(value).toString('latin1'))

/** Header values as sent: UTF-8 bytes in a Latin-1 string. */
export const encodeHeaders = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, toHeaderBytes(value)]))

/** `user:password` and the password (RFC 7617 §2). */
function basicParts(base64: string): string[] {
  const text = Buffer.from(base64, 'base64').toString()
  return [text, text.slice(text.indexOf(':') + 1)]
}

/** Credentials after the scheme, as in `Bearer abc…` (RFC 9110 §11.4). */
function authorizationParts(value: string): string[] {
  const end = value.indexOf(' ')
  if (end < 1) return []
  const credentials = value.slice(end).trim()
  return [credentials, ...(value.slice(0, end).toLowerCase() === 'basic' ? basicParts(credentials) : [])]
}

/** Each value of a Cookie header, without its quotes (RFC 6265 §4.1.1, §4.2.1). */
const cookieParts = (value: string): string[] =>
  value.split(';').map((pair) =>
    pair
      .slice(pair.indexOf('=') + 1)
      .trim()
      .replaceAll('"', ''),
  )

/**
 * Header values, and their parts that are secret on their own.
 * Each is listed in both encodings, since a server may echo the bytes as UTF-8 or as Latin-1.
 */
export function listSecrets(headers: Readonly<Record<string, string>>): string[] {
  const secrets = Object.entries(headers).flatMap(([name, value]) => [
    value,
    ...(name.toLowerCase() === 'cookie' ? cookieParts(value) : authorizationParts(value)),
  ])
  return secrets.flatMap((secret) => [secret, toHeaderBytes(secret)])
}
