/**
 * MCP client that lists a server's tools over streamable HTTP (MCP 2025-11-25, "Lifecycle" and "Transports").
 * It sends initialize, notifications/initialized, tools/list page by page, and ends the session.
 */
import { OutboundError } from '../../outbound/outbound-error.js'
import type { Outbound, OutboundResponse } from '../../outbound/outbound.js'
import { maxResponseBytes, readResponse } from './read-response.js'

const latestVersion = '2025-11-25'
/** Bounds a server whose pagination never ends. */
const maxPages = 50

/** The server answered with a status other than 2xx. */
export class HttpStatusError extends Error {
  override readonly name = 'HttpStatusError'

  constructor(readonly httpStatus: number) {
    super(`the server answered ${httpStatus}`)
  }
}

/** The server to connect to. `onSent` runs when a request, and with it the credential, has left the process. */
export interface McpPeer {
  readonly organizationId: string
  readonly url: string
  readonly credential: Readonly<Record<string, string>> | null
  readonly signal: AbortSignal
  readonly onSent: () => void
}

export interface ToolList {
  readonly protocolVersion: string
  readonly toolNames: readonly string[]
}

type Result = Readonly<Record<string, unknown>>

class Session {
  readonly #headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'accept-encoding': 'identity',
    'user-agent': 'keyhouse',
  }
  #lastId = 0

  constructor(
    private readonly outbound: Outbound,
    private readonly peer: McpPeer,
  ) {}

  /** Sends a request and returns its result. */
  async request(method: string, params: object): Promise<Result> {
    const id = ++this.#lastId
    const response = await this.#post({ jsonrpc: '2.0', id, method, params })
    const sessionId = response.headers['mcp-session-id']
    if (method === 'initialize' && sessionId !== undefined) this.#headers['mcp-session-id'] = sessionId
    return readResponse(response, id, this.peer.signal)
  }

  async notify(method: string): Promise<void> {
    const response = await this.#post({ jsonrpc: '2.0', method })
    response.body.destroy()
  }

  /** Sent with every further request (MCP 2025-11-25, "Transports", protocol version header). */
  setProtocolVersion(version: string): void {
    this.#headers['mcp-protocol-version'] = version
  }

  /** Optional for the client; a server may expire the session by itself. */
  async end(): Promise<void> {
    if (!('mcp-session-id' in this.#headers)) return
    const { organizationId, url, credential, signal } = this.peer
    const response = await this.outbound.send(url, { organizationId, method: 'DELETE', headers: this.#headers, credential, signal })
    response.body.destroy()
  }

  async #post(message: object): Promise<OutboundResponse> {
    const { organizationId, url, credential, signal, onSent } = this.peer
    const body = JSON.stringify(message)
    const response = await this.outbound.send(url, {
      organizationId,
      method: 'POST',
      headers: this.#headers,
      credential,
      body,
      signal,
      onSent,
    })
    const status = response.statusCode
    if (status >= 200 && status < 300) return response
    response.body.destroy()
    throw new HttpStatusError(status)
  }
}

/** Tool names of all pages. @throws OutboundError or HttpStatusError */
export async function listTools(outbound: Outbound, peer: McpPeer): Promise<ToolList> {
  const session = new Session(outbound, peer)
  const { protocolVersion } = await session.request('initialize', {
    protocolVersion: latestVersion,
    capabilities: {},
    clientInfo: { name: 'keyhouse', version: '1' },
  })
  if (typeof protocolVersion !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(protocolVersion)) throw new OutboundError('PROTOCOL_ERROR')
  session.setProtocolVersion(protocolVersion)
  await session.notify('notifications/initialized')
  const toolNames: string[] = []
  let size = 0
  let cursor: unknown
  for (let page = 1; page === 1 || cursor !== undefined; page++) {
    if (page > maxPages) throw new OutboundError('PROTOCOL_ERROR')
    const { tools, nextCursor } = await session.request('tools/list', cursor === undefined ? {} : { cursor })
    const names = parseToolNames(tools)
    // All pages are returned in one response, so they share the limit of one.
    size += names.reduce((sum, name) => sum + Buffer.byteLength(name), 0)
    if (size > maxResponseBytes) throw new OutboundError('PROTOCOL_ERROR')
    toolNames.push(...names)
    cursor = nextCursor ?? undefined
  }
  await session.end().catch(() => undefined)
  return { protocolVersion, toolNames }
}

function parseToolNames(tools: unknown): string[] {
  if (!Array.isArray(tools)) throw new OutboundError('PROTOCOL_ERROR')
  return tools.map((tool: unknown) => {
    const name: unknown = Reflect.get(Object(tool), 'name')
    if (typeof name !== 'string') throw new OutboundError('PROTOCOL_ERROR')
    return name
  })
}
