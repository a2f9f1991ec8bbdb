/** The capability `elicitation.url` of a client, which it declares by its version of MCP: once, or in each request. */
import type { IncomingHttpHeaders } from 'node:http'

import { isJsonObject, valueAt, type JsonRpcMessage } from '../../lib/json/json-rpc.js'
import { firstValue, sessionHeader } from '../headers.js'
import { opensUrls } from '../session.js'

/** MCP 2026-07-28, Multi Round-Trip Requests, Supported Requests. */
const inputRequiredMethods: ReadonlySet<string | null> = new Set(['prompts/get', 'resources/read', 'tools/call'])

const supportsUrl = (capabilities: unknown): boolean => isJsonObject(valueAt(capabilities, 'elicitation', 'url'))

/** Whether the client of the session, or the one that begins it, opens URLs (MCP 2025-11-25, Elicitation, Capabilities). */
export const sessionOpensUrls = (message: JsonRpcMessage | null, headers: IncomingHttpHeaders): boolean =>
  message?.method === 'initialize'
    ? supportsUrl(valueAt(message.body, 'params', 'capabilities'))
    : opensUrls(firstValue(headers[sessionHeader]))

/** How to ask the client to open a URL; null if it did not declare that it can. */
export function elicitationForm(message: JsonRpcMessage, headers: IncomingHttpHeaders): 'INPUT_REQUIRED' | 'ERROR' | null {
  const capabilities = valueAt(message.body, 'params', '_meta', 'io.modelcontextprotocol/clientCapabilities')
  if (capabilities === undefined) return sessionOpensUrls(message, headers) ? 'ERROR' : null
  return supportsUrl(capabilities) && inputRequiredMethods.has(message.method) ? 'INPUT_REQUIRED' : null
}
