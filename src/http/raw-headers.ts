/** Headers as they were sent: Node joins or drops repeated ones. */
import type { IncomingMessage } from 'node:http'

/** Every value of a header; its name in small letters. */
export function rawHeaderValues({ rawHeaders }: IncomingMessage, name: string): string[] {
  const values: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const sent = rawHeaders[i]!
    if (sent.length === name.length && sent.toLowerCase() === name) values.push(rawHeaders[i + 1]!)
  }
  return values
}

/** Headers that say who is asking, by their letters alone. */
const identifying = new Map(['Authorization', 'X-On-Behalf-Of'].map((name) => [normalizeHeaderName(name), name]))

/**
 * The identifying header that was sent in another spelling, such as `X_On_Behalf_Of`. CGI and its heirs map every
 * character but letters and digits to `_` (RFC 3875 §4.1.18), so another hop may take it for the real one.
 */
export function respelledHeader({ rawHeaders }: IncomingMessage): string | undefined {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const sent = rawHeaders[i]!
    const name = /[^A-Za-z0-9-]|^-|-$/.test(sent) ? identifying.get(normalizeHeaderName(sent)) : undefined
    if (name !== undefined) return name
  }
  return undefined
}

function normalizeHeaderName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9]/g, '').toLowerCase()
}
