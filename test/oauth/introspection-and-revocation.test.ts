/** Introspection (RFC 7662) and revocation (RFC 7009) by their endpoints. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { Gateway } from '../support/gateway.js'
import { IssuerClient, refusalOf, type OAuthAnswer } from '../support/oauth-endpoints.js'
import { GrantWorld, redirectUri } from '../support/oauth-grants.js'
import { organization, type SeededKey } from '../support/seed.js'
import { claimsOf, fetchRevocationList } from '../support/tokens.js'

let gateway: Gateway
let sandbox: IssuerClient
let key: SeededKey
let service: SeededKey
beforeAll(async () => {
  gateway = await Gateway.start()
  sandbox = new IssuerClient(gateway.app, gateway.acme)
  key = await gateway.agent(['echo'], ['agent:read'])
  service = await gateway.acme.apiKey({ permissions: ['access_token:introspect'] })
})
afterAll(() => gateway.close())

const tokenFor = async (form: Record<string, string> = {}): Promise<string> => (await sandbox.exchange(key, 'jane', form)).body.access_token
const introspect = (token: string, by: SeededKey | null = service, headers: Record<string, string> = {}): Promise<OAuthAnswer> =>
  sandbox.post('introspect', { token }, by, headers)
const revoke = (token: string, by = key, form: Record<string, string> = {}): Promise<OAuthAnswer> =>
  sandbox.post('revoke', { token, ...form }, by)

describe('introspection', () => {
  test('tells the claims, with the permissions that the key still holds', async () => {
    const own = await gateway.acme.apiKey({ permissions: ['agent:read', 'agent:create'] })
    const { access_token: token } = (await sandbox.exchange(own, 'jane')).body
    await gateway.app.mutate(gateway.acme.sandboxKey, 'updateApiKey', { id: own.id, permissions: ['agent:read'] }, 'apiKey { id }')
    const { status, headers, body } = await introspect(token)
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(body).toEqual({ ...claimsOf(token), active: true, token_type: 'Bearer', permissions: ['agent:read'], scope: 'agent:read' })
    await gateway.app.mutate(gateway.acme.sandboxKey, 'updateApiKey', { id: own.id, permissions: [] }, 'apiKey { id }')
    expect((await introspect(token)).body).not.toHaveProperty('scope')
  })

  test('says of any other token that it is not active, and no more', async () => {
    const stranger = await organization(gateway.app)
    const foreign = await new IssuerClient(gateway.app, stranger).exchange(await stranger.apiKey(), 'jane')
    for (const token of ['x', key.secret, gateway.acme.adminToken, foreign.body.access_token])
      expect((await introspect(token)).body).toEqual({ active: false })
    const token = await tokenFor()
    gateway.app.clock.advance(3_600_000)
    expect((await introspect(token)).body).toEqual({ active: false })
  })

  test('is for API keys of the issuer with the permission, as client or as bearer', async () => {
    const token = await tokenFor()
    const bearer = (secret: string): Record<string, string> => ({ authorization: `Bearer ${secret}` })
    expect((await introspect(token, null, bearer(service.secret))).body.active).toBe(true)
    expect((await sandbox.post('introspect', { token, client_id: service.id, client_secret: service.secret })).body.active).toBe(true)
    const production = await gateway.acme.apiKey({ environment: 'PRODUCTION', permissions: ['access_token:introspect'] })
    for (const secret of [production.secret, gateway.acme.adminToken, token, 'unknown'])
      expect(refusalOf(await introspect(token, null, bearer(secret)))).toBe('401 invalid_client')
    expect(refusalOf(await sandbox.post('introspect', { token, client_id: 'public' }))).toBe('401 invalid_client')
    expect(refusalOf(await sandbox.post('introspect', { token, client_id: key.id }, null, bearer(service.secret)))).toBe(
      '401 invalid_client',
    )
    expect((await introspect(token, key)).body).toEqual({
      error: 'unauthorized_client',
      error_description: 'This credential does not hold the required permission access_token:introspect.',
    })
    expect(refusalOf(await sandbox.post('introspect', {}, service))).toBe('400 invalid_request')
  })
})

describe('revocation', () => {
  test('ends a token of its key at once on every replica, and again is no error', async () => {
    const serverId = await gateway.server()
    await gateway.credential(serverId, { bearerToken: 'jane-secret' }, { 'x-on-behalf-of': 'jane' })
    const token = await tokenFor({ audience: `${gateway.app.config.url}/mcp/${serverId}` })
    const replica = await gateway.replica()
    try {
      const call = async (): Promise<number> =>
        (await gateway.fetch(serverId, token, { at: replica.url, body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' })).status
      expect(await call()).toBe(200)
      for (let i = 0; i < 2; i++) {
        const { status, headers, body } = await revoke(token, key, { token_type_hint: 'access_token' })
        expect([status, headers.get('cache-control'), body]).toEqual([200, 'no-store', {}])
      }
      expect(await call()).toBe(401)
      expect((await introspect(token)).body).toEqual({ active: false })
      expect((await fetchRevocationList(replica)).revokedTokens).toContain(claimsOf(token).jti)
      expect((await gateway.acme.events('access_token:revoke_own')).at(-1)).toMatchObject({
        outcome: 'ALLOWED',
        actorId: key.id,
        subjectId: claimsOf(token).jti,
      })
    } finally {
      await replica.close()
    }
  })

  test('needs no permission, and ends what was narrowed from the token', async () => {
    const token = await tokenFor()
    const narrowed = (await sandbox.narrow(key, token)).body.access_token
    await revoke(token)
    expect((await introspect(narrowed)).body).toEqual({ active: false })
  })

  test('of a token that is unknown, or of another tenant, changes nothing and is no error', async () => {
    const stranger = await organization(gateway.app)
    const outside = new IssuerClient(gateway.app, stranger)
    const foreign = await outside.exchange(await stranger.apiKey(), 'jane')
    const before = (await gateway.acme.events('access_token:revoke_own')).length
    for (const token of ['x', key.secret, gateway.acme.adminToken, foreign.body.access_token])
      expect(await revoke(token)).toMatchObject({ status: 200, body: {} })
    expect(await gateway.acme.events('access_token:revoke_own')).toHaveLength(before)
    const witness = await stranger.apiKey({ permissions: ['access_token:introspect'] })
    expect((await outside.post('introspect', { token: foreign.body.access_token }, witness)).body.active).toBe(true)
  })

  test('of a token of another key is refused, with an event', async () => {
    const token = await tokenFor()
    const { status, body } = await revoke(token, service)
    expect([status, body.error]).toEqual([400, 'unauthorized_client'])
    expect((await introspect(token)).body.active).toBe(true)
    expect((await gateway.acme.events('access_token:revoke_own')).at(-1)).toMatchObject({ outcome: 'DENIED', actorId: service.id })
  })

  test('needs a client and a token', async () => {
    expect(refusalOf(await sandbox.post('revoke', { token: await tokenFor() }))).toBe('401 invalid_client')
    expect(refusalOf(await sandbox.post('revoke', {}, key))).toBe('400 invalid_request')
  })
})

describe('revocation by a public client', () => {
  let world: GrantWorld
  beforeAll(async () => {
    world = await GrantWorld.start()
  })
  afterAll(() => world.close())

  const revokeBy = async (token: string, clientId: string): Promise<OAuthAnswer> =>
    new IssuerClient(world.gateway.app, world.gateway.acme).post('revoke', { token, client_id: clientId })
  const status = async (token: string): Promise<number> => (await world.gateway.rpc(world.serverId, token, 'ping')).status
  const events = async (action: string): Promise<number> => (await world.gateway.acme.events(action)).length

  test('of an access token ends that token', async () => {
    const first = await world.tokens('jane')
    const { body: second } = await world.refresh(first.refresh_token)
    expect(await revokeBy(first.access_token, await world.clientId())).toMatchObject({ status: 200, body: {} })
    expect([await status(first.access_token), await status(second.access_token)]).toEqual([401, 200])
    expect((await world.refresh(second.refresh_token)).status).toBe(200)
  })

  test('of a refresh token ends the grant with all its tokens, once', async () => {
    const tokens = await world.tokens('jane')
    for (let i = 0; i < 2; i++)
      expect(await revokeBy(tokens.refresh_token, await world.clientId())).toMatchObject({ status: 200, body: {} })
    expect(await status(tokens.access_token)).toBe(401)
    expect((await world.refresh(tokens.refresh_token)).body.error).toBe('invalid_grant')
    expect(await events('oauth_grant:revoke_own')).toBe(1)
  })

  test('of what belongs to another client, or to none, changes nothing', async () => {
    const tokens = await world.tokens('jane')
    const { body } = await world.register({ client_name: 'Other', redirect_uris: [redirectUri] })
    const before = [await events('oauth_grant:revoke_own'), await events('access_token:revoke_own')]
    for (const token of [tokens.access_token, tokens.refresh_token, 'kh_refresh_unknown', world.gateway.acme.adminToken])
      expect(await revokeBy(token, body['client_id'] as string)).toMatchObject({ status: 200, body: {} })
    expect([await events('oauth_grant:revoke_own'), await events('access_token:revoke_own')]).toEqual(before)
    expect([await status(tokens.access_token), (await world.refresh(tokens.refresh_token)).status]).toEqual([200, 200])
  })
})
