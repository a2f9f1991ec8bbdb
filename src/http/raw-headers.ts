/** Reads headers from `rawHeaders`: Node joins or drops repeated ones in `headers`. */
import type { IncomingMessage } from 'node:http'

/** Every value of a header. @param name in lower case */
export function rawHeaderValues({ rawHeaders }: IncomingMessage, name: string): string[] {
  const values: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const sent = rawHeaders[i]!
    if (sent.length === name.length && sent.toLowerCase() === name) values.push(rawHeaders[i + 1]!)
  }
  return values
}

/** Headers that identify the caller, by normalized name. */
const credentialHeaders = new Map(['Authorization', 'X-On-Behalf-Of'].map((name) => [normalizeHeaderName(name), name]))

/**
 * Returns the credential header that was sent in another spelling, such as `X_On_Behalf_Of`. CGI maps every character but
 * letters and digits to `_` (RFC 3875 §4.1.18), so another hop may read it as the real header.
 */
export function findMisspelledHeader({ rawHeaders }: IncomingMessage): string | undefined {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const sent = rawHeaders[i]!
    const name = /[^A-Za-z0-9-]|^-|-$/.test(sent) ? credentialHeaders.get(normalizeHeaderName(sent)) : undefined
    if (name !== undefined) return name
  }
  return undefined
}

function normalizeHeaderName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9]/g, '').toLowerCase()
}
