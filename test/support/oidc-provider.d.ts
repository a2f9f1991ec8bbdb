/** The part of oidc-provider that the tests use. Its types are a package of their own, with those of Koa. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http'

  interface KoaContext {
    readonly req: IncomingMessage
    readonly res: ServerResponse
    readonly path: string
    type: string
    body: unknown
    readonly oidc: {
      readonly session?: { readonly accountId?: string }
      readonly client?: { readonly clientId: string }
      readonly params?: Readonly<Record<string, unknown>>
    }
  }

  interface Grant {
    addOIDCScope(scope: string): void
    addResourceScope(resource: string, scope: string): void
    save(): Promise<string>
  }

  interface Configuration {
    adapter?: object
    clients?: object[]
    clientDefaults?: object
    clientAuthMethods?: string[]
    cookies?: object
    features?: object
    interactions?: { url: (ctx: KoaContext, interaction: { uid: string }) => string }
    conformIdTokenClaims?: boolean
    claims?: object
    scopes?: string[]
    pkce?: { required: () => boolean }
    rotateRefreshToken?: boolean
    issueRefreshToken?: () => boolean
    ttl?: object
    jwks?: object
    findAccount?: (ctx: KoaContext, id: string) => { accountId: string; claims: () => object }
    loadExistingGrant?: (ctx: KoaContext) => Promise<Grant>
  }

  export class Provider {
    constructor(issuer: string, configuration: Configuration)
    readonly Grant: new (of: { accountId: string | undefined; clientId: string | undefined }) => Grant
    readonly AccessToken: { find(token: string): Promise<{ accountId: string; aud: string | string[] } | undefined> }
    readonly RefreshToken: { find(token: string): Promise<object | undefined> }
    use(middleware: (ctx: KoaContext, next: () => Promise<void>) => Promise<void>): void
    on(event: string, listener: (ctx: KoaContext, error?: unknown) => void): void
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>
    interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<{ params: Readonly<Record<string, unknown>> }>
    interactionFinished(request: IncomingMessage, response: ServerResponse, result: object, options?: object): Promise<void>
  }
}

declare module 'oidc-provider/lib/adapters/memory_adapter.js' {
  /** A store in memory; the provider warns of its default, which is the same. */
  export const createMemoryAdapter: () => object
}
