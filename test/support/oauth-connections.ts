/** An organization whose end users connect accounts of a foreign MCP server: links, browsers and calls. */
import type { EntityManager } from '@mikro-orm/core'

import { createApp, type App, type Overrides } from '../../src/app.js'
import { readConfig } from '../../src/config/config.js'
import { BrowserSession } from '../../src/entities/browser-session.js'
import type { McpCredential } from '../../src/entities/mcp-credential.js'
import { OAuthConfiguration } from '../../src/entities/oauth-configuration.js'
import { sha256 } from '../../src/lib/crypto/digest.js'
import { randomText } from '../../src/lib/crypto/random-text.js'
import { deriveEndUserId } from '../../src/lib/external-id.js'
import { newId } from '../../src/lib/id.js'
import { buildEndUser } from '../../src/tenancy/end-user.js'
import { startApp, type TestApp } from './app.js'
import type { RpcBody } from './gateway.js'
import { OAuthBrowser } from './oauth-browser.js'
import { OAuthUpstream } from './oauth-upstream.js'
import { organization, type SeededOrganization, type SeededKey } from './seed.js'

/** Public origin. Browsers of the tests find the port behind it. */
export const publicOrigin = 'http://localhost:4000'

let ids = 0

/** Error in the response of the gateway. */
export interface CallError {
  readonly code: number
  readonly message: string
  readonly data: {
    readonly reason: string
    readonly connectUrl?: string
    readonly cause?: string
    readonly retryAfterMs?: number
    readonly neededScopes?: string[]
    readonly httpStatus?: number
  }
}

export class ConnectionWorld {
  private constructor(
    readonly app: TestApp,
    readonly acme: SeededOrganization,
    readonly upstream: OAuthUpstream,
    readonly agent: SeededKey,
    readonly serverId: string,
  ) {}

  static async start(overrides: Overrides = {}, env: Record<string, string> = {}): Promise<ConnectionWorld> {
    const upstream = await OAuthUpstream.start()
    const app = await startApp({ KEYHOUSE_URL: publicOrigin, KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1', ...env }, overrides)
    const acme = await organization(app)
    await configure(acme)
    const agent = await acme.apiKey({ permissions: ['mcp_server:use', 'mcp_tool:*'] })
    return new ConnectionWorld(app, acme, upstream, agent, await newServer(app, acme, upstream.serverUrl))
  }

  async close(): Promise<void> {
    await this.app.close()
    await this.upstream.close()
  }

  /** Starts another instance of the application on the same database. */
  replica(): Promise<App> {
    return createApp(readConfig(this.app.env), { clock: this.app.clock.now, log: this.app.services.log })
  }

  /** The same deployment at another public address, of which it has the whole database. */
  async moved(url: string): Promise<ConnectionWorld> {
    const env = { ...this.app.env, KEYHOUSE_URL: url }
    const app = await startApp(env, { clock: this.app.clock.now })
    return new ConnectionWorld(app, this.acme, this.upstream, this.agent, this.serverId)
  }

  server(serverUrl: string, input: object = {}): Promise<string> {
    return newServer(this.app, this.acme, serverUrl, input)
  }

  /** A browser in which the end user is signed in to Keyhouse. */
  browser(externalId: string): Promise<OAuthBrowser> {
    const { id: organizationId, projectId } = this.acme
    return signedInBrowser(
      this.acme.em,
      { organizationId, projectId, externalId, now: this.app.clock.now() },
      this.app.config.url,
      this.app.url,
    )
  }

  /** Link to connect an account. */
  async link(externalId: string, serverId = this.serverId): Promise<string> {
    const headers = { 'x-on-behalf-of': externalId }
    const payload = await this.app.mutate(this.acme.sandboxKey, 'startMcpConnection', { serverId }, 'url expiresAt', headers)
    if (!payload.url) throw new Error(JSON.stringify(payload.userErrors))
    return payload.url
  }

  /** Connects an account of the end user, and returns the page at the end. */
  async connect(externalId: string, serverId = this.serverId): Promise<string> {
    const { response } = await (await this.browser(externalId)).open(await this.link(externalId, serverId))
    return response!.text()
  }

  /** Calls the tool of the foreign server for the end user: its text, or the error. */
  async call(
    externalId: string,
    { at = this.app.url, serverId = this.serverId, key = this.agent.secret } = {},
  ): Promise<string | CallError> {
    const response = await fetch(`${at}/mcp/${serverId}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${key}`,
        'x-on-behalf-of': externalId,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2025-06-18',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: ++ids, method: 'tools/call', params: { name: 'whoami', arguments: {} } }),
    })
    const body = (await response.json()) as { error?: CallError; result: RpcBody['result'] }
    return body.error ? body.error : body.result.content[0].text
  }

  /** Reason of the refused call. */
  async refusal(externalId: string): Promise<CallError['data']> {
    const answer = await this.call(externalId)
    if (typeof answer === 'string') throw new Error(`the call succeeded: ${answer}`)
    return answer.data
  }

  /** The newest credential of the organization. */
  async credential(): Promise<McpCredential> {
    return (await this.acme.credentialRows()).at(-1)!
  }
}

interface Session {
  readonly organizationId: string
  readonly projectId: string
  readonly externalId: string
  readonly now: Date
}

/** Signs the end user in to the sandbox of the project, without its product. */
export async function signedInBrowser(em: EntityManager, session: Session, origin: string, appUrl: string): Promise<OAuthBrowser> {
  const { organizationId, projectId, externalId, now } = session
  const browser = new OAuthBrowser(origin, appUrl)
  const place = { organizationId, projectId, environment: 'SANDBOX' } as const
  const text = randomText()
  const row = {
    id: newId('bs', now),
    ...place,
    endUserId: deriveEndUserId(organizationId, projectId, 'SANDBOX', externalId),
    digest: sha256(text),
    createdAt: now,
    signedInAt: now,
    revokedAt: null,
    expiresAt: new Date(now.getTime() + 86_400_000),
  }
  em.persist(Object.assign(new BrowserSession(), row))
  await em.upsert(buildEndUser(place, externalId, now))
  await em.flush()
  const { protocol, port } = new URL(origin)
  const name = `keyhouse-${projectId}-sandbox`
  browser.setCookie(origin, protocol === 'https:' ? `__Host-${name}` : `${name}-${port}`, text)
  return browser
}

/** OAuth configuration of the sandbox of the project. */
export const buildConfiguration = (organizationId: string, projectId: string, apiKeyId: string, now: Date): OAuthConfiguration =>
  Object.assign(new OAuthConfiguration(), {
    id: newId('oauth', now),
    organizationId,
    projectId,
    environment: 'SANDBOX',
    apiKeyId,
    signInMethod: 'PRODUCT',
    signInUrl: 'https://product.example/sign-in',
    oidcIssuer: null,
    oidcClientId: null,
    sealedOidcClientSecret: null,
    oidcScopes: [],
    oidcExternalIdClaim: null,
    allowsRegistration: false,
    clientHosts: null,
    redirectSchemes: [],
    createdAt: now,
    updatedAt: now,
  })

async function configure(acme: SeededOrganization): Promise<void> {
  const key = await acme.apiKey({ permissions: ['*'] })
  await acme.em.persist(buildConfiguration(acme.id, acme.projectId, key.id, acme.app.clock.now())).flush()
}

async function newServer(app: TestApp, acme: SeededOrganization, serverUrl: string, input: object = {}): Promise<string> {
  const fields = { name: 'Notes', serverLabel: `notes-${++ids}`, serverUrl, requireApproval: 'NEVER', ...input }
  const { server, userErrors } = await app.mutate(acme.sandboxKey, 'createMcpServer', fields, 'server { id }')
  if (!server) throw new Error(JSON.stringify(userErrors))
  return server.id
}
