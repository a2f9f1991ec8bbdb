/** Which headers pass the gateway: the protocol's own, either way, and nothing that proves who asks. */
import type { IncomingHttpHeaders } from 'node:http'

import type { Scrubber } from '../lib/redact/redact.js'
import type { OutboundResponse } from '../outbound/outbound.js'

export const sessionHeader = 'mcp-session-id'

export const firstValue = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value)

/** Response headers that reach the client. The list is closed, since a name can hold the credential as well as a value. */
const returned = ['mcp-protocol-version', 'retry-after'] as const

type Headers = Readonly<Record<string, string | string[] | undefined>>

/** The protocol's own, by name. */
export const protocolHeaders = (headers: Headers): string[] =>
  Object.keys(headers).filter((name) => name.startsWith('mcp-') && name !== sessionHeader)

interface Onward {
  readonly headers: IncomingHttpHeaders
  /** The upstream's own id. */
  readonly session: string | null
  readonly hasBody: boolean
  readonly credential: Readonly<Record<string, string>> | null
}

/** What goes upstream, beside the credential. */
export function requestHeaders({ headers, session, hasBody, credential }: Onward): Record<string, string> {
  const onward: Record<string, string> = {
    accept: headers.accept ?? 'application/json, text/event-stream',
    'accept-encoding': 'identity',
  }
  const taken = Object.keys(credential ?? {}).map((name) => name.toLowerCase())
  for (const name of protocolHeaders(headers)) {
    // A caller cannot put a value of its own in place of the stored one.
    if (!taken.includes(name) || name === 'mcp-protocol-version') onward[name] = String(headers[name])
  }
  const last = firstValue(headers['last-event-id'])
  if (hasBody) onward['content-type'] = 'application/json'
  // Hops so far, to which the outbound client adds this one (mcp/loops.ts).
  if (headers['cdn-loop'] !== undefined) onward['cdn-loop'] = String(headers['cdn-loop'])
  if (last !== undefined) onward['last-event-id'] = last
  if (session !== null) onward[sessionHeader] = session
  return onward
}

/** What comes back, beside the session. */
export function responseHeaders(headers: OutboundResponse['headers'], { line }: Scrubber): Record<string, string> {
  const back: Record<string, string> = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
  for (const name of returned) {
    const value = headers[name]
    if (value !== undefined) back[name] = line(value)
  }
  return back
}
