/** MCP requests over streamable HTTP, in both generations: with a handshake (2025-11-25), and without (2026-07-28). */
import { OutboundError } from '../../outbound/outbound-error.js'
import type { Outbound, OutboundResponse } from '../../outbound/outbound.js'
import { JsonRpcError, readResponse } from './read-response.js'

const handshakeVersion = '2025-11-25'
const statelessVersion = '2026-07-28'

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

type Result = Readonly<Record<string, unknown>>

const clientInfo = { name: 'keyhouse', version: '1' }

/** `_meta` of every stateless request (MCP 2026-07-28, "Discovery"). */
const statelessMeta = {
  'io.modelcontextprotocol/protocolVersion': statelessVersion,
  'io.modelcontextprotocol/clientInfo': clientInfo,
  'io.modelcontextprotocol/clientCapabilities': {},
}

export class McpSession {
  readonly #headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'accept-encoding': 'identity',
    'user-agent': 'keyhouse',
  }
  #isStateless = false
  #lastId = 0

  constructor(
    private readonly outbound: Outbound,
    private readonly peer: McpPeer,
  ) {}

  /** Performs the handshake (MCP 2025-11-25, "Lifecycle"). Returns the protocol version. */
  async initialize(): Promise<string> {
    const { protocolVersion } = await this.request('initialize', { protocolVersion: handshakeVersion, capabilities: {}, clientInfo })
    if (typeof protocolVersion !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(protocolVersion)) throw new OutboundError('PROTOCOL_ERROR')
    this.#headers['mcp-protocol-version'] = protocolVersion
    const response = await this.#post({ jsonrpc: '2.0', method: 'notifications/initialized' })
    response.body.destroy()
    return protocolVersion
  }

  /** Asks for a protocol version without handshake (MCP 2026-07-28, "Discovery"), and returns it. */
  async discover(): Promise<string> {
    this.#isStateless = true
    this.#headers['mcp-protocol-version'] = statelessVersion
    const { supportedVersions } = await this.request('server/discover', {})
    if (!Array.isArray(supportedVersions) || !supportedVersions.includes(statelessVersion)) throw new OutboundError('PROTOCOL_ERROR')
    return statelessVersion
  }

  /** Sends a request and returns its result. */
  async request(method: string, params: object): Promise<Result> {
    const id = ++this.#lastId
    if (this.#isStateless) this.#headers['mcp-method'] = method
    const response = await this.#post({
      jsonrpc: '2.0',
      id,
      method,
      params: this.#isStateless ? { ...params, _meta: statelessMeta } : params,
    })
    const sessionId = response.headers['mcp-session-id']
    if (method === 'initialize' && sessionId !== undefined) this.#headers['mcp-session-id'] = sessionId
    return readResponse(response, id, this.peer.signal)
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

/** True when a server without handshake may have sent this error. The credential and the rate are not at fault. */
const mayLackHandshake = (error: unknown): boolean =>
  error instanceof JsonRpcError || (error instanceof HttpStatusError && [400, 404, 405].includes(error.httpStatus))

/**
 * Connects by the handshake. A server that refuses it is asked for a version without one; without such a version, the
 * refusal is the failure. In this order, a server with a handshake gets no request that it does not know.
 * @throws OutboundError or HttpStatusError
 */
export async function connect(outbound: Outbound, peer: McpPeer): Promise<{ session: McpSession; protocolVersion: string }> {
  const session = new McpSession(outbound, peer)
  try {
    return { session, protocolVersion: await session.initialize() }
  } catch (error) {
    if (!mayLackHandshake(error)) throw error
    // Another session, without the session id of a refused handshake.
    const stateless = new McpSession(outbound, peer)
    const protocolVersion = await stateless.discover().catch(() => undefined)
    if (protocolVersion === undefined) throw error
    return { session: stateless, protocolVersion }
  }
}
