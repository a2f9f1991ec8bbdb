/** URLs in documents of other servers: only those whose text is what a URL parser reads. */

const maxLength = 2048

/**
 * Whether the value is an absolute http or https URL of visible ASCII characters, without user name and password. A parser
 * removes control characters, which a database may refuse. A user name makes a host look like another one.
 */
export function isPlainUrl(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > maxLength || !/^https?:\/\/[\x21-\x7E]+$/i.test(value) || !URL.canParse(value))
    return false
  const { username, password } = new URL(value)
  return username === '' && password === ''
}

/** Whether it can be an issuer: without query and fragment (RFC 8414 §2). */
export const isPlainIssuer = (value: unknown): value is string => isPlainUrl(value) && !/[?#]/.test(value)
