/** A foreign authorization server (oidc-provider: rotation, resource indicators, registration), and a real MCP server behind it. */
import { generateKeyPairSync } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

import { toNodeHandler } from '@modelcontextprotocol/node'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { createMcpHandler, McpServer as StatelessMcpServer } from '@modelcontextprotocol/server'
import { Provider, type Configuration } from 'oidc-provider'
import { createMemoryAdapter } from 'oidc-provider/lib/adapters/memory_adapter.js'

import { listen, type Listening } from './local-server.js'

/** Answers a request itself and returns true, or leaves it to the server. */
export type Interceptor = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>

/** A client, or a token of one. */
interface Owned {
  readonly clientId: string
}

const configuration = (resources: () => readonly string[], lifetime: () => number): Configuration => ({
  adapter: createMemoryAdapter(),
  features: {
    devInteractions: { enabled: false },
    registration: { enabled: true },
    revocation: { enabled: true, allowedPolicy: (_ctx: unknown, client: Owned, token: Owned) => token.clientId === client.clientId },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_ctx: unknown, resource: string) => {
        if (!resources().includes(resource)) throw new Error('unknown resource')
        return { scope: 'read write', accessTokenFormat: 'opaque' }
      },
      useGrantedResource: () => true,
    },
  },
  scopes: ['read', 'write'],
  pkce: { required: () => true },
  rotateRefreshToken: true,
  issueRefreshToken: () => true,
  clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post'],
  findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  cookies: { keys: ['test'] },
  jwks: { keys: [generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })] },
  ttl: { AccessToken: lifetime, Session: 3600, Interaction: 3600, Grant: 86_400, RefreshToken: 86_400 },
})

export class OAuthUpstream {
  /** Account that signs in at the authorization server, in whatever browser asks. */
  account = 'jane-upstream'
  /** Whether a person has to consent, by a button. */
  asksForConsent = false
  /** Seconds. */
  accessTokenLifetime = 3600
  /** Before the authorization server. */
  intercept: Interceptor = () => false
  /** Before the MCP server. */
  interceptResource: Interceptor = () => false
  /** Token requests by their grant type. */
  readonly grants: string[] = []
  /** Every token that was issued. */
  readonly tokens = new Set<string>()
  /** Access tokens that the MCP server refuses. */
  readonly refused = new Set<string>()
  /** Access tokens that the MCP server accepted, in order. */
  readonly accepted: string[] = []
  provider!: Provider

  private constructor(
    private readonly authorizationServer: Listening,
    private readonly resourceServer: Listening,
  ) {}

  static async start(): Promise<OAuthUpstream> {
    let upstream: OAuthUpstream | undefined
    const authorizationServer = await listen((request, response) => upstream?.authorize(request, response))
    const resourceServer = await listen((request, response) => upstream?.serve(request, response))
    upstream = new OAuthUpstream(authorizationServer, resourceServer)
    const provider = new Provider(
      upstream.issuer,
      configuration(
        () => [`${resourceServer.origin}/mcp`],
        () => upstream.accessTokenLifetime,
      ),
    )
    provider.use(async (ctx, next) => {
      await next()
      if (ctx.path !== '/token') return
      const { access_token: access, refresh_token: refresh } = Object(ctx.body) as Record<string, string | undefined>
      for (const token of [access, refresh]) if (token) upstream.tokens.add(token)
    })
    provider.on('grant.success', (ctx) => upstream.grants.push(String(ctx.oidc.params?.['grant_type'])))
    upstream.provider = provider
    return upstream
  }

  get issuer(): string {
    return this.authorizationServer.origin
  }

  get serverUrl(): string {
    return `${this.resourceServer.origin}/mcp`
  }

  /** Number of renewals that the authorization server granted. */
  get renewals(): number {
    return this.grants.filter((grant) => grant === 'refresh_token').length
  }

  async close(): Promise<void> {
    await this.authorizationServer.close()
    await this.resourceServer.close()
  }

  private async authorize(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (await this.intercept(request, response)) return
    if (request.url?.startsWith('/interaction/')) return this.consent(request, response)
    await this.provider.callback()(request, response)
  }

  /** Signs in and consents, at once where nobody is asked. */
  private async consent(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { provider, account } = this
    const { params } = await provider.interactionDetails(request, response)
    if (this.asksForConsent && request.method === 'GET') {
      // Real ones confine their forms to the redirect URI.
      const policy = `form-action 'self' ${new URL(String(params['redirect_uri'])).origin}`
      response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': policy })
      response.end(`<title>Consent</title><h1>Sign in as ${account}</h1><form method="post"><button>Allow</button></form>`)
      return
    }
    const grant = new provider.Grant({ accountId: account, clientId: String(params['client_id']) })
    grant.addOIDCScope('openid offline_access read write')
    grant.addResourceScope(this.serverUrl, 'read write')
    const result = { login: { accountId: account }, consent: { grantId: await grant.save() } }
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false })
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (await this.interceptResource(request, response)) return
    if (request.url?.startsWith('/.well-known/oauth-protected-resource/mcp')) {
      const document = { resource: this.serverUrl, authorization_servers: [this.issuer], scopes_supported: ['read'] }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document))
      return
    }
    const token = request.headers.authorization?.replace(/^Bearer /, '') ?? ''
    const found = this.refused.has(token) ? undefined : await this.provider.AccessToken.find(token)
    if (!found || ![found.aud].flat().includes(this.serverUrl)) {
      const metadata = `${this.resourceServer.origin}/.well-known/oauth-protected-resource/mcp`
      response.writeHead(401, { 'www-authenticate': `Bearer resource_metadata="${metadata}", scope="read"` }).end()
      return
    }
    this.accepted.push(token)
    const whoami = [
      'whoami',
      { description: 'Names the account.' },
      () => ({ content: [{ type: 'text' as const, text: found.accountId }] }),
    ] as const
    if (request.headers['mcp-protocol-version'] === '2026-07-28') {
      const stateless = new StatelessMcpServer({ name: 'notes', version: '1' })
      stateless.registerTool(...whoami)
      await toNodeHandler(createMcpHandler(() => stateless))(request as never, response)
      return
    }
    const server = new McpServer({ name: 'notes', version: '1' })
    server.registerTool(...whoami)
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
    await server.connect(transport)
    await transport.handleRequest(request, response)
  }
}
