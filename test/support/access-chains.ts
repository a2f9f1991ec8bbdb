/** Random access chains: what explainAccess says of a request, and what the request really gets. */
import fc from 'fast-check'

import { expandKeyWildcard, hasPermission } from '../../src/access/permissions.js'
import { AccessToken } from '../../src/entities/access-token.js'
import { ApiKey } from '../../src/entities/api-key.js'
import type { EndUserScope } from '../../src/entities/end-user-scope.js'
import { Gateway } from './gateway.js'

/** Queries of one permission each. */
const probes = {
  'api_key:read': '{ apiKeys(first: 1) { nodes { id } } }',
  'access_token:read': '{ accessTokens(first: 1) { nodes { id } } }',
  'member:read': '{ members(first: 1) { nodes { id } } }',
  'mcp_server:read': '{ mcpServers(first: 1) { nodes { id } } }',
  'mcp_approval:read': '{ mcpToolApprovals(first: 1) { nodes { id } } }',
  'organization:read': '{ organization { id } }',
  'audit_event:read': '{ auditEvents(first: 1) { nodes { id } } }',
  'signing_key:read': '{ signingKeys { id } }',
} as const

const application = 'agent:read'
const grants = ['*', 'application:*', application, 'api_key:*', 'api_key:read', 'access_token:read', 'mcp_server:*', 'mcp_server:use', 'mcp_tool:*', 'mcp_tool:echo', 'organization:read'] // prettier-ignore
const often = <T>(usual: T, others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: others.length * 2, arbitrary: fc.constant(usual) },
    ...others.map((one) => ({ weight: 1, arbitrary: fc.constant(one) })),
  )

export const chains = fc.record({
  kind: fc.constantFrom('key', 'key', 'key', 'token', 'token', 'token', 'ADMIN', 'MEMBER', 'READER'),
  granted: often(['mcp_server:use', 'mcp_tool:*'], [['*']]).chain((usual) =>
    fc.oneof(fc.constant(usual), fc.subarray(grants), fc.subarray(grants)),
  ),
  carried: fc.option(fc.subarray(grants), { nil: undefined }),
  /** Taken from the key after the exchange. */
  narrowedTo: fc.option(fc.subarray(grants), { nil: undefined, freq: 4 }),
  keyState: often('active', ['revoked', 'suspended', 'expired', 'reset']),
  /** Given to the key after the exchange. */
  endUserScope: often<EndUserScope>(null, [{ mode: 'NOBODY' }, { mode: 'LISTED', externalIds: ['jane'] }, { mode: 'PREFIX', prefix: 'b' }]),
  tokenState: often('active', ['revoked', 'expired']),
  isForeignAudience: often(false, [true]),
  header: often(undefined, ['jane', 'bob']),
  server: fc.record({
    allowedTools: fc.constantFrom(null, ['echo'], []),
    requireApproval: often('NEVER', ['ALWAYS']),
    owner: often(undefined, ['jane']),
    credentialOf: often('both', ['backend', 'jane', 'shared', 'nobody']),
  }),
  operation: fc.oneof(
    fc.constant({}),
    fc.constantFrom(application, ...Object.keys(probes)).map((permission) => ({ permission })),
    fc.constantFrom(undefined, 'echo', 'other').map((tool) => ({ tool })),
    fc.constantFrom('echo').map((tool) => ({ tool })),
  ),
})
type Chain = typeof chains extends fc.Arbitrary<infer T> ? T : never

interface Outcome {
  readonly allowed: boolean
  readonly status: number
  readonly code: string | undefined
}

/** How a request is refused by its first link that fails. */
const refusedBy: Readonly<Record<string, (outcome: Outcome) => boolean>> = {
  API_KEY: ({ status }) => status === 401 || status === 403,
  ACCESS_TOKEN: ({ status }) => status === 401,
  AUDIENCE: ({ status }) => status === 401,
  END_USER: ({ status }) => status === 400 || status === 401 || status === 403,
  GATEWAY: ({ code }) => code === 'FORBIDDEN',
  PERMISSION: ({ code }) => code === 'FORBIDDEN' || code === 'TOOL_NOT_ALLOWED',
  MCP_SERVER: ({ status }) => status === 404,
  TOOL: ({ code }) => code === 'TOOL_NOT_ALLOWED',
  MCP_CREDENTIAL: ({ code }) => code === 'NO_CREDENTIAL',
  APPROVAL: ({ code }) => code === 'APPROVAL_PENDING',
}

export class AccessWorld {
  /** Number of chains by the first link that refused them. */
  readonly refusals = new Map<string, number>()
  readonly #servers = new Map<string, Promise<string>>()

  private constructor(
    readonly gateway: Gateway,
    /** FULL_ACCESS token that outlasts every run. */
    private readonly admin: string,
  ) {}

  static async start(): Promise<AccessWorld> {
    const limits = ['END_USER', 'KEY', 'PROJECT'].map((scope) => [`KEYHOUSE_LIMIT_APPROVALS_PER_${scope}`, '10000'])
    const gateway = await Gateway.start({}, Object.fromEntries(limits))
    const { userId } = await gateway.acme.member('ADMIN')
    return new AccessWorld(gateway, (await gateway.acme.personalToken(userId, 'FULL_ACCESS', null, 31_536_000_000)).token)
  }

  close(): Promise<void> {
    return this.gateway.close()
  }

  /** Describes the difference between the explanation and the outcome of the same request; undefined: they agree. */
  async difference(chain: Chain): Promise<string | undefined> {
    const { app } = this.gateway
    // Tokens for other audiences count as unknown credentials, of which an address has 100 a minute.
    app.clock.advance(1000)
    const caller = await this.#caller(chain)
    const { operation } = chain
    const isServer = 'tool' in operation
    const serverId = isServer ? await this.#server(chain.server) : undefined
    // Introspection, which tells what a token carries for other services, takes no header.
    const isIntrospected = chain.kind === 'token' && !isServer && (!('permission' in operation) || operation.permission === application)
    const header = isIntrospected ? undefined : chain.header
    const input = { subjectId: caller.subjectId, externalUserId: header, ...operation, serverId }
    const query = 'query ($input: ExplainAccessInput!) { explainAccess(input: $input) { allowed links { kind allowed rule } } }'
    const { data, text } = await app.run<{ explainAccess: Explanation }>(this.admin, query, { input })
    if (!data?.explainAccess) return `no explanation: ${text}`
    const outcome = isIntrospected
      ? await this.#introspect(caller.credential, operation)
      : await this.#send(caller.credential, operation, serverId, header)
    const { allowed, links } = data.explainAccess
    if (allowed !== outcome.allowed) return `explained as ${text}, and answered with ${JSON.stringify(outcome)}`
    const cut = links.find((link) => !link.allowed)
    const decidedBy = cut?.kind ?? 'nothing'
    this.refusals.set(decidedBy, (this.refusals.get(decidedBy) ?? 0) + 1)
    if (cut && !isIntrospected && !this.#isVerdict(chain) && !refusedBy[cut.kind]!(outcome))
      return `cut by ${cut.kind}, and answered with ${JSON.stringify(outcome)}`
    return undefined
  }

  /** The permission of another service has no request of its own that could be refused. */
  #isVerdict({ operation }: Chain): boolean {
    return 'permission' in operation && operation.permission === application
  }

  async #caller(chain: Chain): Promise<{ subjectId: string; credential: string }> {
    const { acme, app } = this.gateway
    if (chain.kind !== 'key' && chain.kind !== 'token') {
      const { memberId, token } = await acme.member(chain.kind)
      return { subjectId: memberId, credential: token }
    }
    const key = await acme.apiKey({ permissions: chain.granted })
    const now = app.clock.now()
    let caller = { subjectId: key.id, credential: key.secret }
    if (chain.kind === 'token') {
      const held = expandKeyWildcard(chain.granted)
      const permissions = chain.carried?.filter((one) => chain.granted.includes('*') || hasPermission(held, one))
      const audience = chain.isForeignAudience ? 'https://service.example' : app.config.url
      const input = { audience, externalUserId: 'jane', ...(permissions ? { permissions } : {}) }
      const { token, accessToken } = await app.mutate(key.secret, 'exchangeApiKey', input, 'token accessToken { id }')
      caller = { subjectId: accessToken.id, credential: token }
      const ends = { active: {}, revoked: { revokedAt: now }, expired: { expiresAt: now } }
      await this.#change(AccessToken, accessToken.id, ends[chain.tokenState as 'active'])
    }
    const ends = {
      active: {},
      revoked: { revokedAt: now },
      suspended: { suspendedAt: now },
      expired: { expiresAt: now },
      reset: { sandboxResetAt: now },
    }
    const permissions = chain.narrowedTo && { permissions: chain.narrowedTo }
    await this.#change(ApiKey, key.id, { ...ends[chain.keyState as 'active'], ...permissions, endUserScope: chain.endUserScope })
    return caller
  }

  async #change(entity: typeof ApiKey | typeof AccessToken, id: string, change: object): Promise<void> {
    if (Object.keys(change).length > 0) await this.gateway.acme.em.nativeUpdate<ApiKey | AccessToken>(entity, { id }, change)
  }

  /** One server for each combination. */
  #server(rules: Chain['server']): Promise<string> {
    const name = JSON.stringify(rules)
    const known = this.#servers.get(name) ?? this.#newServer(rules)
    this.#servers.set(name, known)
    return known
  }

  async #newServer({ owner, credentialOf, ...rules }: Chain['server']): Promise<string> {
    const { app, acme, upstream } = this.gateway
    const serverLabel = `server-${this.#servers.size}`
    const input = { name: serverLabel, serverLabel, serverUrl: `${upstream.origin}/mcp`, ...rules }
    const onBehalfOf: Record<string, string> = owner === undefined ? {} : { 'x-on-behalf-of': owner }
    const { server } = await app.mutate(acme.sandboxKey, 'createMcpServer', input, 'server { id }', onBehalfOf)
    if (credentialOf === 'jane' || credentialOf === 'both')
      await this.gateway.credential(server.id, { none: 'NONE' }, { 'x-on-behalf-of': 'jane' })
    if ((credentialOf === 'backend' || credentialOf === 'both') && owner === undefined)
      await this.gateway.credential(server.id, { none: 'NONE' })
    if (credentialOf === 'shared' && owner === undefined) {
      const sharedCredentialId = await this.gateway.credential(server.id, { none: 'NONE' })
      await app.mutate(this.admin, 'updateMcpServer', { id: server.id, sharedCredentialId }, 'server { id }')
    }
    return server.id
  }

  async #introspect(token: string, operation: Chain['operation']): Promise<Outcome> {
    const { app, acme } = this.gateway
    const selection = 'introspection { active permissions }'
    const { introspection } = await app.mutate(acme.sandboxKey, 'introspectToken', { token }, selection)
    const isCarried = !('permission' in operation) || hasPermission(introspection.permissions ?? [], operation.permission)
    return { allowed: introspection.active && isCarried, status: 200, code: undefined }
  }

  async #send(
    credential: string,
    operation: Chain['operation'],
    serverId: string | undefined,
    externalId: string | undefined,
  ): Promise<Outcome> {
    const { app, acme } = this.gateway
    const headers: Record<string, string> = externalId === undefined ? {} : { 'x-on-behalf-of': externalId }
    if (serverId !== undefined) {
      const { tool } = operation as { tool?: string }
      const answer = await (tool === undefined
        ? this.gateway.rpc(serverId, credential, 'tools/list', {}, headers)
        : this.gateway.call(serverId, credential, tool, {}, headers))
      // Refusals before the gateway's own checks have the form of GraphQL errors.
      const body = answer.body as unknown as {
        result?: object
        error?: { data: { reason: string } }
        errors?: [{ extensions: { code: string } }]
      }
      return {
        allowed: body.result !== undefined,
        status: answer.status,
        code: body.error?.data.reason ?? body.errors?.[0].extensions.code,
      }
    }
    const permission = 'permission' in operation ? operation.permission : undefined
    const probe = permission === undefined ? undefined : probes[permission as keyof typeof probes]
    const { data, errors, status } = await app.run(credential, probe ?? '{ viewer { permissions } }', {}, headers)
    const isHeld = async (): Promise<boolean> => {
      if (permission !== application) return true
      if (!credential.startsWith('kh_')) return hasPermission(data.viewer.permissions, application)
      const input = { secret: credential, permissions: [application] }
      return (await app.mutate(acme.sandboxKey, 'verifyApiKey', input, 'verdict { valid }')).verdict.valid
    }
    return { allowed: !errors && (await isHeld()), status, code: errors?.[0]?.extensions.code }
  }
}

interface Explanation {
  readonly allowed: boolean
  readonly links: readonly { readonly kind: string; readonly allowed: boolean; readonly rule: string }[]
}
