/** What of a credential must not come back from where it is sent. */

/** HTTP carries bytes: a value beyond ASCII goes as UTF-8. */
const toHeaderBytes = (value: string): string => (Buffer.byteLength(value) === value.length ? value : Buffer.from(value).toString('latin1'))

export const encodeHeaders = (credential: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(credential).map(([name, value]) => [name, toHeaderBytes(value)]))

/** `user:password` and the password (RFC 7617 §2). */
function basicParts(base64: string): string[] {
  const text = Buffer.from(base64, 'base64').toString()
  return [text, text.slice(text.indexOf(':') + 1)]
}

/** What follows the scheme, as in `Bearer abc…` (RFC 9110 §11.4). */
function authorizationParts(value: string): string[] {
  const end = value.indexOf(' ')
  if (end < 1) return []
  const rest = value.slice(end).trim()
  return [rest, ...(value.slice(0, end).toLowerCase() === 'basic' ? basicParts(rest) : [])]
}

/** Each value of a Cookie header, without its quotes (RFC 6265 §4.1.1, §4.2.1). */
const cookieParts = (value: string): string[] =>
  value.split(';').map((pair) =>
    pair
      .slice(pair.indexOf('=') + 1)
      .trim()
      .replaceAll('"', ''),
  )

/** The values of its headers, and the parts of them that are secret alone; an echo may read bytes as UTF-8 or as Latin-1. */
export function listSecrets(credential: Readonly<Record<string, string>>): string[] {
  const secrets = Object.entries(credential).flatMap(([name, value]) => [
    value,
    ...(name.toLowerCase() === 'cookie' ? cookieParts(value) : authorizationParts(value)),
  ])
  return secrets.flatMap((secret) => [secret, toHeaderBytes(secret)])
}
