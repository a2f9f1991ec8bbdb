/** The authorization of an OAuth client, from its registration to its tokens, as a browser and a client go through it. */
import { hash, randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'

import type { EntityManager } from '@mikro-orm/core'

import { createApp, type App, type Overrides } from '../../src/app.js'
import { readConfig } from '../../src/config/config.js'
import { isUnavailable } from '../../src/database/database-errors.js'
import { BrowserSession } from '../../src/entities/browser-session.js'
import { EndUser } from '../../src/entities/end-user.js'
import { OAuthConfiguration } from '../../src/entities/oauth-configuration.js'
import { sha256 } from '../../src/lib/crypto/digest.js'
import { newId } from '../../src/lib/id.js'
import { issuerUrl } from '../../src/lib/issuer.js'
import { buildEndUser } from '../../src/tenancy/end-user.js'
import { Gateway } from './gateway.js'
import { freePort } from './local-server.js'
import type { SeededKey } from './seed.js'

export const redirectUri = 'http://127.0.0.1:7777/callback'

type Parameters = Readonly<Record<string, string | undefined>>

export interface PageAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Target of a redirect. */
  readonly location: URL | null
}

export interface TokenAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: {
    readonly access_token: string
    readonly refresh_token: string
    readonly expires_in: number
    readonly scope: string
    readonly error?: string
    readonly error_description?: string
  }
}

/** A code and what its client needs to redeem it. */
export interface IssuedCode {
  readonly code: string
  readonly verifier: string
  readonly clientId: string
}

export const newVerifier = (): string => randomBytes(32).toString('base64url')
export const challengeOf = (verifier: string): string => hash('sha256', verifier, 'base64url')

const toPage = async (response: Response): Promise<PageAnswer> => {
  const location = response.headers.get('location')
  return {
    status: response.status,
    headers: response.headers,
    text: await response.text(),
    location: location === null ? null : new URL(location, response.url),
  }
}

const unescape = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&')

/** Value of the hidden field with the ticket. */
export const ticketOf = ({ text }: PageAnswer): string => unescape(/name="request" value="([^"]+)"/.exec(text)?.[1] ?? '')

/** Text of a page without its markup. */
export const wordsOf = ({ text }: PageAnswer): string =>
  unescape(text.replace(/<style>.*?<\/style>/s, '').replaceAll(/<[^>]+>/g, ' '))
    .replaceAll(/\s+/g, ' ')
    .trim()

/** Writes past the journal, which waits for other processes on the same SQLite file. */
async function flush(em: EntityManager): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await em.flush()
    } catch (error) {
      if (!isUnavailable(error) || attempt === 50) throw error
      await setTimeout(20)
    }
  }
}

export class GrantWorld {
  #clientId: string | undefined

  private constructor(
    readonly gateway: Gateway,
    readonly key: SeededKey,
    readonly serverId: string,
    readonly at: string,
  ) {}

  /** An application on a port of its own, an MCP server, and an OAuth configuration with a key that may call every tool. */
  static async start(overrides: Overrides = {}, env: Record<string, string> = {}, server: object = {}): Promise<GrantWorld> {
    const port = await freePort()
    const gateway = await Gateway.start(overrides, { PORT: port, KEYHOUSE_URL: `http://127.0.0.1:${port}`, ...env })
    const key = await gateway.acme.apiKey({ permissions: ['mcp_server:use', 'mcp_tool:*'] })
    const world = new GrantWorld(gateway, key, await gateway.server(server), gateway.app.url)
    await world.configure({})
    return world
  }

  /** Starts another instance on the same database, on a port of its own. */
  replica(): Promise<App> {
    const { app } = this.gateway
    return createApp(readConfig({ ...app.env, PORT: '0' }), { clock: app.clock.now, log: app.services.log })
  }

  close(): Promise<void> {
    return this.gateway.close()
  }

  /** Inserts or changes the configuration, without the rules of the mutation. */
  async configure(changes: Partial<OAuthConfiguration>): Promise<void> {
    const { acme, app } = this.gateway
    const { em } = acme
    const now = app.clock.now()
    const projectId = changes.projectId ?? acme.projectId
    const known = await em.findOne(OAuthConfiguration, { projectId, environment: 'SANDBOX' })
    const defaults = {
      id: newId('oauth', now),
      organizationId: acme.id,
      projectId,
      environment: 'SANDBOX',
      apiKeyId: this.key.id,
      signInMethod: 'PRODUCT',
      signInUrl: 'https://product.example/sign-in',
      oidcIssuer: null,
      oidcClientId: null,
      sealedOidcClientSecret: null,
      oidcScopes: [],
      oidcExternalIdClaim: null,
      allowsRegistration: true,
      clientHosts: null,
      redirectSchemes: [],
      createdAt: now,
      updatedAt: now,
    }
    if (known) Object.assign(known, changes)
    else em.persist(Object.assign(new OAuthConfiguration(), defaults, changes))
    await flush(em)
  }

  get issuer(): string {
    return issuerUrl(this.gateway.app.config.url, this.gateway.acme.id, 'SANDBOX')
  }

  get resource(): string {
    return `${this.gateway.app.config.url}/mcp/${this.serverId}`
  }

  /** Signs an end user in, as if it came back from its provider. Returns the `Cookie` header of the browser. */
  async signIn(externalId: string): Promise<string> {
    const { acme, app } = this.gateway
    const { em } = acme
    const now = app.clock.now()
    const scope = { organizationId: acme.id, projectId: acme.projectId, environment: 'SANDBOX' } as const
    const endUser = buildEndUser(scope, externalId, now)
    if (!(await em.findOne(EndUser, { id: endUser.id }))) em.persist(endUser)
    const value = randomBytes(32).toString('base64url')
    em.persist(
      Object.assign(new BrowserSession(), {
        ...scope,
        id: newId('bs', now),
        endUserId: endUser.id,
        digest: sha256(value),
        createdAt: now,
        signedInAt: now,
        expiresAt: new Date(now.getTime() + 43_200_000),
        revokedAt: null,
      }),
    )
    await flush(em)
    return `keyhouse-${acme.projectId}-sandbox-${new URL(this.at).port}=${value}`
  }

  async register(metadata: unknown, init: RequestInit = {}): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
    const response = await fetch(`${this.issuer}/oauth/register`, {
      method: 'POST',
      body: typeof metadata === 'string' ? metadata : JSON.stringify(metadata),
      ...init,
      headers: { 'content-type': 'application/json', ...(init.headers as Record<string, string> | undefined) },
    })
    return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, unknown> }
  }

  /** Id of one client that registered itself. */
  async clientId(): Promise<string> {
    return (this.#clientId ??= (await this.register({ client_name: 'Acme Agent', redirect_uris: [redirectUri] })).body[
      'client_id'
    ] as string)
  }

  /** Parameters of a good request, with changes; an undefined one is left out. */
  async parameters(changes: Parameters = {}): Promise<URLSearchParams> {
    const all: Parameters = {
      response_type: 'code',
      client_id: await this.clientId(),
      redirect_uri: redirectUri,
      resource: this.resource,
      state: 'state of the client',
      code_challenge: challengeOf(newVerifier()),
      code_challenge_method: 'S256',
      ...changes,
    }
    return new URLSearchParams(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined))
  }

  async authorize(cookie: string | null, changes: Parameters | string = {}): Promise<PageAnswer> {
    const query = typeof changes === 'string' ? changes : (await this.parameters(changes)).toString()
    return toPage(
      await fetch(`${this.issuer}/oauth/authorize?${query}`, { redirect: 'manual', headers: cookie === null ? {} : { cookie } }),
    )
  }

  async answer(cookie: string | null, form: Readonly<Record<string, string>>, headers: Record<string, string> = {}): Promise<PageAnswer> {
    return toPage(
      await fetch(`${this.issuer}/oauth/consent`, {
        method: 'POST',
        redirect: 'manual',
        headers: { 'sec-fetch-site': 'same-origin', ...(cookie === null ? {} : { cookie }), ...headers },
        body: new URLSearchParams(form),
      }),
    )
  }

  /** Allows what the page offers, with every box checked but those of `without`. */
  allow(cookie: string, page: PageAnswer, without: readonly string[] = []): Promise<PageAnswer> {
    const boxes = [...page.text.matchAll(/name="(permission-\d+)"/g)].map(([, name]) => name!).filter((name) => !without.includes(name))
    return this.answer(cookie, { request: ticketOf(page), decision: 'allow', ...Object.fromEntries(boxes.map((name) => [name, 'on'])) })
  }

  /** Goes from the authorization request to a code. */
  async code(cookie: string, changes: Parameters = {}): Promise<IssuedCode> {
    const verifier = newVerifier()
    const page = await this.authorize(cookie, { code_challenge: challengeOf(verifier), ...changes })
    const { location, text } = await this.allow(cookie, page)
    const code = location?.searchParams.get('code')
    if (code == null) throw new Error(`no code: ${location?.href ?? text}`)
    return { code, verifier, clientId: changes['client_id'] ?? (await this.clientId()) }
  }

  async token(form: Parameters, at = this.at): Promise<TokenAnswer> {
    const response = await fetch(`${issuerUrl(at, this.gateway.acme.id, 'SANDBOX')}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams(Object.entries(form).filter((entry): entry is [string, string] => entry[1] !== undefined)),
    })
    return { status: response.status, headers: response.headers, body: (await response.json()) as TokenAnswer['body'] }
  }

  redeem({ code, verifier, clientId }: IssuedCode, changes: Parameters = {}, at = this.at): Promise<TokenAnswer> {
    return this.token(
      {
        grant_type: 'authorization_code',
        code,
        code_verifier: verifier,
        client_id: clientId,
        redirect_uri: redirectUri,
        resource: this.resource,
        ...changes,
      },
      at,
    )
  }

  async refresh(refreshToken: string, changes: Parameters = {}, at = this.at): Promise<TokenAnswer> {
    return this.token({ grant_type: 'refresh_token', refresh_token: refreshToken, client_id: await this.clientId(), ...changes }, at)
  }

  /** Tokens of a new grant of the end user. */
  async tokens(externalId: string, changes: Parameters = {}): Promise<TokenAnswer['body']> {
    return (await this.redeem(await this.code(await this.signIn(externalId), changes), { resource: changes['resource'] })).body
  }
}
