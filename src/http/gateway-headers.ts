/** Which headers pass the gateway: the protocol's own, either way, and nothing that proves who asks. */
import type { IncomingHttpHeaders } from 'node:http'

import type { Scrubber } from '../lib/scrub.js'
import type { OutboundResponse } from '../outbound.js'

export const sessionHeader = 'mcp-session-id'

export const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value)

const protocolHeaders = (headers: Readonly<Record<string, string | string[] | undefined>>): [string, string][] =>
  Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith('mcp-') && name !== sessionHeader && value !== undefined ? [[name, String(value)]] : [],
  )

interface Onward {
  readonly headers: IncomingHttpHeaders
  /** The upstream's own id. */
  readonly session: string | null
  readonly hasBody: boolean
  readonly credential: Readonly<Record<string, string>> | null
}

/** What goes upstream, beside the credential. */
export function headersOnward({ headers, session, hasBody, credential }: Onward): Record<string, string> {
  const taken = new Set(Object.keys(credential ?? {}).map((name) => name.toLowerCase()))
  const last = one(headers['last-event-id'])
  return {
    // A caller cannot put a value of its own in place of the stored one.
    ...Object.fromEntries(protocolHeaders(headers).filter(([name]) => !taken.has(name) || name === 'mcp-protocol-version')),
    accept: headers.accept ?? 'application/json, text/event-stream',
    'accept-encoding': 'identity',
    ...(hasBody ? { 'content-type': 'application/json' } : {}),
    ...(last === undefined ? {} : { 'last-event-id': last }),
    ...(session === null ? {} : { [sessionHeader]: session }),
  }
}

/** What comes back, beside the session. */
export function headersBack(headers: OutboundResponse['headers'], { text }: Scrubber): Record<string, string> {
  const wait = headers['retry-after']
  return {
    ...Object.fromEntries(protocolHeaders(headers).map(([name, value]) => [name, text(value)])),
    ...(wait === undefined ? {} : { 'retry-after': text(wait) }),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  }
}
