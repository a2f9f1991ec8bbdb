/** Creates every kind of caller of one organization, with the headers that it sends. */
import type { KeyhousePermission } from '../../src/access/permission-definitions.js'
import { permissions } from '../../src/access/permission-definitions.js'
import { generateApiKey } from '../../src/lib/api-key-format.js'
import type { TestApp } from './app.js'
import type { CallerName } from './operations.js'
import type { ResourceScope } from './resources.js'
import { organization, type SeededOrganization } from './seed.js'

export interface Caller {
  readonly credential: string | null
  readonly headers: Record<string, string>
  /** The scope in which its valid variables are created. */
  readonly scope: ResourceScope
}

/** A caller that is refused before execution, whatever the operation. */
export interface RefusedCaller {
  readonly credential: string
  readonly headers?: Record<string, string>
  readonly status: number
  readonly code: string
}

export const unrelatedPermission = 'agent:read'
export const callerEndUser = 'user-1'

const isGrantableToApiKey = (permission: KeyhousePermission): boolean => permissions[permission].grantableToApiKey

export class Callers {
  private constructor(
    readonly app: TestApp,
    readonly acme: SeededOrganization,
    private readonly fixed: Readonly<Record<string, string>>,
  ) {}

  static async create(app: TestApp): Promise<Callers> {
    const acme = await organization(app)
    const all = await acme.apiKey({ permissions: ['*'] })
    const nothing = await acme.apiKey()
    const production = await acme.apiKey({ environment: 'PRODUCTION', permissions: ['*'] })
    const fixed = {
      'sandbox key with *': all.secret,
      'sandbox key with nothing': nothing.secret,
      'production key with *': production.secret,
      'key with * for an end user': all.secret,
      'access token with *': (await exchangeHere(app, all.secret)).token,
    }
    return new Callers(app, acme, fixed)
  }

  private scope(change: Partial<ResourceScope> = {}): ResourceScope {
    const { app, acme } = this
    return { app, organization: acme, projectId: acme.projectId, environment: 'SANDBOX', externalUserId: null, ...change }
  }

  /** Undefined if no such caller can exist: the permission cannot be granted to an API key. */
  async named(name: CallerName, permission: KeyhousePermission | null): Promise<Caller | undefined> {
    const scope = this.scope({
      environment: name === 'production key with *' ? 'PRODUCTION' : 'SANDBOX',
      externalUserId: name === 'key with * for an end user' || name === 'access token with *' ? callerEndUser : null,
    })
    const headers: Record<string, string> = name === 'key with * for an end user' ? { 'x-on-behalf-of': callerEndUser } : {}
    if (name === 'anonymous') return { credential: null, headers, scope }
    if (name === 'sandbox key with exactly the permission') {
      if (permission && !isGrantableToApiKey(permission)) return undefined
      return { credential: (await this.acme.apiKey({ permissions: permission ? [permission] : [] })).secret, headers, scope }
    }
    if (!(name in this.fixed)) return this.person(name, permission)
    return { credential: this.fixed[name]!, headers, scope }
  }

  /** Creates a new user for each call, since an operation may revoke all credentials of its user. */
  private async person(name: CallerName, permission: KeyhousePermission | null): Promise<Caller> {
    const role = name === 'MEMBER' || name === 'READER' ? name : 'ADMIN'
    const { userId, token } = await this.acme.member(role, role === 'ADMIN' ? null : [this.acme.projectId])
    const scope = this.scope({ userId })
    if (name === role) return { credential: token, headers: {}, scope }
    const reduced = await this.acme.personalToken(userId, 'RESTRICTED', [
      name.includes('exactly') && permission ? permission : unrelatedPermission,
    ])
    return { credential: reduced.token, headers: {}, scope }
  }
}

/** Exchanges a key for an access token whose audience is this server, with all permissions of the key. */
const exchangeHere = (app: TestApp, secret: string, expiresIn = 2_592_000): Promise<{ token: string; accessToken: { id: string } }> =>
  app.mutate(secret, 'exchangeApiKey', { audience: app.config.url, externalUserId: callerEndUser, expiresIn }, 'token accessToken { id }')

/** Callers of an organization of their own; no operation changes them, since none is executed. */
export async function refusedCallers(app: TestApp): Promise<Record<string, RefusedCaller>> {
  const unauthenticated = { status: 401, code: 'UNAUTHENTICATED' }
  const acme = await organization(app)
  const { secret: key } = await acme.apiKey({ permissions: ['*'] })
  const admin = await acme.member('ADMIN')
  const { token } = await acme.personalToken(admin.userId, 'RESTRICTED', [unrelatedPermission])
  const revoked = await acme.apiKey({ permissions: ['*'] })
  const orphan = await exchangeHere(app, revoked.secret)
  const withdrawn = await exchangeHere(app, key)
  await app.mutate(acme.sandboxKey, 'revokeAccessToken', { id: withdrawn.accessToken.id }, 'accessToken { id }')
  await app.mutate(acme.sandboxKey, 'revokeApiKey', { id: revoked.id }, 'apiKey { id }')
  const input = { audience: 'https://service.example', externalUserId: callerEndUser, expiresIn: 2_592_000 }
  const otherAudience = await app.mutate(key, 'exchangeApiKey', input, 'token')
  const superseded = await acme.apiKey({ permissions: ['*'] })
  await app.mutate(acme.sandboxKey, 'rotateApiKey', { id: superseded.id }, 'apiKey { id }')
  const suspended = await acme.apiKey({ permissions: ['*'] })
  const dormant = await exchangeHere(app, suspended.secret)
  await app.mutate(acme.sandboxKey, 'suspendApiKey', { id: suspended.id }, 'apiKey { id }')
  const narrowed = await acme.apiKey({ permissions: ['*'] })
  const outside = await exchangeHere(app, narrowed.secret)
  const endUsers = { externalIds: ['user-2'] }
  await app.mutate(acme.sandboxKey, 'updateApiKey', { id: narrowed.id, endUsers }, 'apiKey { id }')
  const bound = await acme.apiKey({ permissions: ['*'], allowedIps: ['203.0.113.0/24'] })
  const expired = await acme.apiKey({ permissions: ['*'], expiresAt: new Date(app.clock.now().getTime() + 1) })
  const owner = await acme.member('ADMIN')
  const expiredToken = await acme.personalToken(owner.userId, 'EPHEMERAL', ['*'], 1)
  app.clock.advance(1)
  const [header, claims] = token.split('.')
  return {
    'unknown key': { credential: generateApiKey('kh', 'SANDBOX'), ...unauthenticated },
    'malformed key': { credential: `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`, ...unauthenticated },
    'revoked key': { credential: revoked.secret, status: 403, code: 'CREDENTIAL_REVOKED' },
    'suspended key': { credential: suspended.secret, status: 403, code: 'CREDENTIAL_SUSPENDED' },
    'access token of a suspended key': { credential: dormant.token, status: 403, code: 'CREDENTIAL_SUSPENDED' },
    'key for another end user': { credential: narrowed.secret, headers: { 'x-on-behalf-of': 'user-1' }, status: 403, code: 'FORBIDDEN' },
    'access token of a key for another end user': { credential: outside.token, ...unauthenticated },
    'key from another address': { credential: bound.secret, status: 403, code: 'ADDRESS_NOT_ALLOWED' },
    'expired key': { credential: expired.secret, ...unauthenticated },
    'revoked access token': { credential: withdrawn.token, ...unauthenticated },
    'access token of a revoked key': { credential: orphan.token, ...unauthenticated },
    'access token for another service': { credential: otherAudience.token, ...unauthenticated },
    'access token with the header of another': {
      credential: (await exchangeHere(app, key)).token,
      headers: { 'x-on-behalf-of': 'user-2' },
      status: 400,
      code: 'BAD_REQUEST',
    },
    'superseded text': { credential: superseded.secret, ...unauthenticated },
    'expired token': { credential: expiredToken.token, ...unauthenticated },
    'token with a bad signature': { credential: `${header}.${claims}.${'A'.repeat(86)}`, ...unauthenticated },
    'key with a bad header': { credential: key, headers: { 'x-on-behalf-of': '*' }, status: 400, code: 'BAD_REQUEST' },
    'token with the header': { credential: token, headers: { 'x-on-behalf-of': 'user-1' }, status: 400, code: 'BAD_REQUEST' },
  }
}
