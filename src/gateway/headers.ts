/** Headers that pass the gateway in either direction: MCP protocol headers, never the caller's credentials. */
import type { IncomingHttpHeaders } from 'node:http'

import type { Redactor } from '../lib/redact/redact.js'
import type { OutboundResponse } from '../outbound/outbound.js'

export const sessionHeader = 'mcp-session-id'

export const firstValue = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value)

/** Response headers that reach the client. An allow-list, since upstream can echo the credential in a name as well as a value. */
const allowedResponseHeaders = ['mcp-protocol-version', 'retry-after'] as const

type Headers = Readonly<Record<string, string | string[] | undefined>>

/** Names of the MCP protocol headers, without the session id. */
export const protocolHeaders = (headers: Headers): string[] =>
  Object.keys(headers).filter((name) => name.startsWith('mcp-') && name !== sessionHeader)

interface RequestHeadersArgs {
  readonly headers: IncomingHttpHeaders
  /** The upstream's session id. */
  readonly session: string | null
  readonly hasBody: boolean
  readonly credential: Readonly<Record<string, string>> | null
}

/** Headers of the upstream request, without the credential. */
export function requestHeaders({ headers, session, hasBody, credential }: RequestHeadersArgs): Record<string, string> {
  const result: Record<string, string> = {
    accept: headers.accept ?? 'application/json, text/event-stream',
    'accept-encoding': 'identity',
  }
  const reserved = Object.keys(credential ?? {}).map((name) => name.toLowerCase())
  for (const name of protocolHeaders(headers)) {
    // The stored credential's headers cannot be replaced by the caller's.
    if (!reserved.includes(name) || name === 'mcp-protocol-version') result[name] = String(headers[name])
  }
  const lastEventId = firstValue(headers['last-event-id'])
  if (hasBody) result['content-type'] = 'application/json'
  // The outbound client appends this deployment (outbound/loop-guard.ts).
  if (headers['cdn-loop'] !== undefined) result['cdn-loop'] = String(headers['cdn-loop'])
  if (lastEventId !== undefined) result['last-event-id'] = lastEventId
  if (session !== null) result[sessionHeader] = session
  return result
}

/** Headers of the client's response, without the session id. */
export function responseHeaders(headers: OutboundResponse['headers'], { line }: Redactor): Record<string, string> {
  const result: Record<string, string> = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
  for (const name of allowedResponseHeaders) {
    const value = headers[name]
    if (value !== undefined) result[name] = line(value)
  }
  return result
}
