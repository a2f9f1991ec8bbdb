/** The same person's client of both SDK generations: it keeps what it is given, and remembers where it would open a browser. */
import {
  Client as NewClient,
  StreamableHTTPClientTransport as NewTransport,
  UnauthorizedError as NewUnauthorized,
  type OAuthClientProvider as NewProvider,
} from '@modelcontextprotocol/client'
import { UnauthorizedError as OldUnauthorized } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

import type { Generation } from './mcp-clients.js'

type DiscoveryState = Parameters<NonNullable<NewProvider['saveDiscoveryState']>>[0]

export class MemoryProvider implements NewProvider {
  readonly redirectUrl: string
  readonly clientMetadata: NewProvider['clientMetadata']
  /** Authorization URLs, the newest last. */
  readonly opened: URL[] = []
  #client: ReturnType<NewProvider['clientInformation']>
  #tokens: ReturnType<NewProvider['tokens']>
  #verifier = ''
  #discovery: DiscoveryState | undefined

  constructor(redirectUrl: string, changes: object = {}) {
    this.redirectUrl = redirectUrl
    this.clientMetadata = { client_name: 'An agent', redirect_uris: [redirectUrl], ...changes }
  }

  state(): string {
    return 'a state'
  }

  clientInformation(): ReturnType<NewProvider['clientInformation']> {
    return this.#client
  }

  saveClientInformation(information: Parameters<NonNullable<NewProvider['saveClientInformation']>>[0]): void {
    this.#client = information
  }

  tokens(): ReturnType<NewProvider['tokens']> {
    return this.#tokens
  }

  saveTokens(tokens: Parameters<NewProvider['saveTokens']>[0]): void {
    this.#tokens = tokens
  }

  redirectToAuthorization(url: URL): void {
    this.opened.push(url)
  }

  saveCodeVerifier(verifier: string): void {
    this.#verifier = verifier
  }

  codeVerifier(): string {
    return this.#verifier
  }

  saveDiscoveryState(state: DiscoveryState): void {
    this.#discovery = state
  }

  discoveryState(): DiscoveryState | undefined {
    return this.#discovery
  }

  invalidateCredentials(scope: string): void {
    if (scope === 'all' || scope === 'client') this.#client = undefined
    if (scope === 'all' || scope === 'tokens') this.#tokens = undefined
  }
}

export interface Connection {
  /** @throws UnauthorizedError of the SDK, after which the browser must be opened */
  connect(): Promise<void>
  /** Gives the transport the address that the browser brought to the client. */
  finish(callback: URL): Promise<void>
  tools(): Promise<readonly string[]>
  call(message: string): Promise<unknown>
  close(): Promise<void>
}

const info = { name: 'agent', version: '1' }

/** A client with the defaults of its SDK, and nothing but the URL. */
export function openConnection(generation: Generation, url: string, authProvider: MemoryProvider): Connection {
  const isOld = generation === 'sdk'
  const client = isOld ? new OldClient(info) : new NewClient(info)
  const transport = isOld ? new OldTransport(new URL(url), { authProvider }) : new NewTransport(new URL(url), { authProvider })
  return {
    connect: () => (client as NewClient).connect(transport),
    finish: ({ searchParams }) =>
      isOld ? (transport as OldTransport).finishAuth(searchParams.get('code')!) : (transport as NewTransport).finishAuth(searchParams),
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (message) => (await (client as NewClient).callTool({ name: 'echo', arguments: { message } })).content,
    close: () => client.close(),
  }
}

export const isUnauthorized = (error: unknown): boolean => error instanceof OldUnauthorized || error instanceof NewUnauthorized
