/** The gateway in front of an MCP server double that records requests and answers as configured. */
import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'

import { createApp, type App, type Overrides } from '../../src/app.js'
import { readConfig } from '../../src/config/config.js'
import type { AuditEvent } from '../../src/entities/audit-event.js'
import { startApp, type TestApp } from './app.js'
import { bodyOf, listen, type Listening } from './local-server.js'
import { organization, type SeededOrganization } from './seed.js'

interface Content {
  readonly type: string
  readonly text: string
}

/** JSON-RPC message of either side, with the members that MCP gives it. */
export interface RpcBody {
  readonly id: number
  readonly method: string
  readonly params: { readonly name: string; readonly arguments: Record<string, unknown>; readonly _meta: Record<string, unknown> }
  readonly result: { readonly content: [Content, ...Content[]]; readonly tools: { readonly name: string }[] }
  readonly error: {
    readonly code: number
    readonly message: string
    readonly data: { readonly approvalId: string; readonly reason: string }
  }
}

export interface Received {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly body: RpcBody
}

export type AnswerHandler = (received: Received) => void | Promise<void>

export const sendJson = (response: ServerResponse, body: unknown, status = 200, headers: Record<string, string> = {}): void =>
  void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))

export const rpcResult = (id: unknown, value: object): object => ({ jsonrpc: '2.0', id, result: value })

/** Default answer of the double: a successful tool result with the text "done". It has no metadata of OAuth. */
export const defaultToolAnswer: AnswerHandler = ({ request, response, body }) => {
  if (request.url?.startsWith('/.well-known/')) {
    response.writeHead(404).end()
    return
  }
  sendJson(response, rpcResult(body.id, { content: [{ type: 'text', text: 'done' }] }))
}

export class Upstream implements Listening {
  readonly received: Received[] = []
  answer: AnswerHandler = defaultToolAnswer

  private constructor(private listening: Listening & { readonly server: Server }) {}

  static async start(): Promise<Upstream> {
    let upstream: Upstream | undefined
    const listening = await listen(async (request, response) => {
      const text = await bodyOf(request)
      const received = { request, response, body: text === '' ? null : JSON.parse(text) }
      upstream?.received.push(received)
      await upstream?.answer(received)
    })
    return (upstream = new Upstream(listening))
  }

  get origin(): string {
    return this.listening.origin
  }

  get server(): Server {
    return this.listening.server
  }

  /** Number of tool calls that reached the server. */
  toolCallCount(): number {
    return this.received.filter(({ body }) => body?.method === 'tools/call').length
  }

  reset(): void {
    this.received.length = 0
    this.answer = defaultToolAnswer
  }

  close(): Promise<void> {
    return this.listening.close()
  }
}

export interface RpcAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly body: RpcBody
}

let labels = 0
let ids = 0

export class Gateway {
  private constructor(
    readonly app: TestApp,
    readonly acme: SeededOrganization,
    readonly upstream: Upstream,
  ) {}

  static async start(overrides: Overrides = {}, env: Record<string, string> = {}): Promise<Gateway> {
    const upstream = await Upstream.start()
    const app = await startApp({ KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1', ...env }, overrides)
    return new Gateway(app, await organization(app), upstream)
  }

  async close(): Promise<void> {
    await this.app.close()
    await this.upstream.close()
  }

  /** Starts another instance of the application on the same database. */
  async replica(overrides: Overrides = {}): Promise<App> {
    return createApp(readConfig(this.app.env), { clock: this.app.clock.now, log: this.app.services.log, ...overrides })
  }

  async server(input: object = {}, key = this.acme.sandboxKey): Promise<string> {
    const label = `server-${++labels}`
    const { server, userErrors } = await this.app.mutate(
      key,
      'createMcpServer',
      { name: label, serverLabel: label, serverUrl: `${this.upstream.origin}/mcp`, requireApproval: 'NEVER', ...input },
      'server { id }',
    )
    if (!server) throw new Error(JSON.stringify(userErrors))
    return server.id
  }

  async credential(serverId: string, auth: object, headers: Record<string, string> = {}, more: object = {}): Promise<string> {
    const { credential, userErrors } = await this.app.mutate(
      this.acme.sandboxKey,
      'createMcpCredential',
      { serverId, auth, ...more },
      'credential { id }',
      headers,
    )
    if (!credential) throw new Error(JSON.stringify(userErrors))
    return credential.id
  }

  /** Creates an API key that may use MCP servers and call these tools. */
  async agent(tools: readonly string[] = ['*'], more: readonly string[] = []): Promise<{ id: string; secret: string }> {
    return this.acme.apiKey({ permissions: ['mcp_server:use', ...tools.map((tool) => `mcp_tool:${tool}`), ...more] })
  }

  fetch(serverId: string, credential: string, init: RequestInit & { at?: string } = {}): Promise<Response> {
    return fetch(`${init.at ?? this.app.url}/mcp/${serverId}`, {
      method: 'POST',
      ...init,
      headers: {
        authorization: `Bearer ${credential}`,
        accept: 'application/json, text/event-stream',
        ...(init.method === undefined || init.method === 'POST' ? { 'content-type': 'application/json' } : {}),
        ...(init.headers as Record<string, string> | undefined),
      },
    })
  }

  async post(serverId: string, credential: string, message: unknown, headers: Record<string, string> = {}): Promise<RpcAnswer> {
    const body = typeof message === 'string' ? message : JSON.stringify(message)
    const response = await this.fetch(serverId, credential, { body, headers })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false
    return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined }
  }

  rpc(serverId: string, credential: string, method: string, params: object = {}, headers: Record<string, string> = {}): Promise<RpcAnswer> {
    return this.post(serverId, credential, { jsonrpc: '2.0', id: ++ids, method, params }, headers)
  }

  call(serverId: string, credential: string, name = 'echo', args: object = {}, headers: Record<string, string> = {}): Promise<RpcAnswer> {
    return this.rpc(serverId, credential, 'tools/call', { name, arguments: args }, headers)
  }

  async events(action: string, serverId?: string): Promise<AuditEvent[]> {
    return (await this.acme.events(action)).filter(({ subjectId }) => serverId === undefined || subjectId === serverId)
  }
}

export const waitUntilClosed = async (response: ServerResponse): Promise<void> => {
  if (!response.closed) await once(response, 'close')
}
