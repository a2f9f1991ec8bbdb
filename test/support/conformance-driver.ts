/** Client under test of the conformance suite: connects an account of the suite's MCP server, and calls its tools through the gateway. */
import { expect } from '@jest/globals'

import type { ConnectionWorld } from './oauth-connections.js'

/** What the suite passes to a client. */
export interface ConformanceRun {
  readonly scenario: string
  readonly serverUrl: string
  readonly protocolVersion: string
  /** Credentials that were issued beforehand, in some scenarios. */
  readonly context: { readonly client_id: string; readonly client_secret: string; readonly issuer: string } | null
}

interface RpcAnswer {
  readonly error?: { readonly message: string; readonly data?: { readonly connectUrl?: string; readonly reason?: string } }
  readonly result?: { readonly tools: { readonly name: string }[] }
}

/** Authorizations that a client attempts before it gives up. */
const maxAttempts = 3

class GatewayClient {
  #sessionId: string | null = null
  #lastId = 0

  constructor(
    private readonly world: ConnectionWorld,
    private readonly serverId: string,
    private readonly run: ConformanceRun,
  ) {}

  async send(method: string, params: object = {}, isNotification = false): Promise<RpcAnswer> {
    const { protocolVersion, scenario } = this.run
    const isStateless = protocolVersion >= '2026'
    const meta = {
      'io.modelcontextprotocol/protocolVersion': protocolVersion,
      'io.modelcontextprotocol/clientInfo': { name: 'driver', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    }
    const name = (params as { name?: string }).name
    const response = await fetch(`${this.world.app.url}/mcp/${this.serverId}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${this.world.agent.secret}`,
        'x-on-behalf-of': scenario,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...(method === 'initialize' ? {} : { 'mcp-protocol-version': protocolVersion }),
        ...(isStateless ? { 'mcp-method': method, ...(name === undefined ? {} : { 'mcp-name': name }) } : {}),
        ...(this.#sessionId === null ? {} : { 'mcp-session-id': this.#sessionId }),
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        ...(isNotification ? {} : { id: ++this.#lastId }),
        method,
        params: isStateless ? { ...params, _meta: meta } : params,
      }),
    })
    this.#sessionId = response.headers.get('mcp-session-id') ?? this.#sessionId
    const text = await response.text()
    const data = /^data: *(\{.*\})$/m.exec(text)?.[1] ?? text
    return data.startsWith('{') ? (JSON.parse(data) as RpcAnswer) : {}
  }

  /** Every message of a client that lists the tools and calls one. Ends at the first refusal. */
  async useTool(): Promise<RpcAnswer> {
    const { protocolVersion } = this.run
    if (protocolVersion < '2026') {
      const clientInfo = { name: 'driver', version: '1' }
      const initialized = await this.send('initialize', { protocolVersion, capabilities: {}, clientInfo })
      if (initialized.error) return initialized
      await this.send('notifications/initialized', {}, true)
    }
    const list = await this.send('tools/list')
    const tool = list.result?.tools[0]
    return tool ? this.send('tools/call', { name: tool.name, arguments: {} }) : list
  }
}

/** Connects, calls, and connects again while the gateway asks for it. @throws Error if the tool could not be called */
export async function driveConformance(world: ConnectionWorld, run: ConformanceRun): Promise<void> {
  const { serverUrl, scenario, context } = run
  const serverId = await world.server(serverUrl)
  if (context) {
    const client = { issuer: context.issuer, clientId: context.client_id, clientSecret: context.client_secret }
    const { userErrors } = await world.app.mutate(world.acme.sandboxKey, 'createMcpOAuthClient', client, 'client { id }')
    expect(userErrors).toEqual([])
  }
  const gateway = new GatewayClient(world, serverId, run)
  let link: string | undefined = await world.link(scenario, serverId)
  let answer: RpcAnswer = {}
  for (let attempt = 0; link !== undefined && attempt < maxAttempts; attempt++) {
    const { response } = await (await world.browser(scenario)).open(link)
    const page = await response!.text()
    if (!page.includes('is connected')) throw new Error(/<h1[^>]*>(.*?)<\/h1>/s.exec(page)?.[1] ?? page)
    answer = await gateway.useTool()
    link = answer.error?.data?.connectUrl
  }
  if (answer.error) throw new Error(`${answer.error.message} ${JSON.stringify(answer.error.data)}`)
}
