/** Token exchange (RFC 8693): by external id as exchangeApiKey, by a token that is narrowed, and for another actor. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'

import { exchangeApiKey } from '../../src/access-tokens/exchange-api-key.js'
import { maxActors } from '../../src/access-tokens/exchange-subject.js'
import { authenticate } from '../../src/access/authenticate.js'
import { hasPermission } from '../../src/access/permissions.js'
import { Context } from '../../src/context/context.js'
import type { Services } from '../../src/context/services.js'
import { Secret } from '../../src/lib/secret.js'
import { Gateway } from '../support/gateway.js'
import { accessTokenType, externalUserIdType, IssuerClient, refusalOf, tokenExchange } from '../support/oauth-endpoints.js'
import { organization, type SeededKey } from '../support/seed.js'
import { openSqlConnection } from '../support/sql-connection.js'
import { audience, claimsOf, exchange, fetchRevocationList, signClaims } from '../support/tokens.js'

let gateway: Gateway
let sandbox: IssuerClient
let key: SeededKey
beforeAll(async () => {
  gateway = await Gateway.start()
  sandbox = new IssuerClient(gateway.app, gateway.acme)
  key = await gateway.agent(['*'], ['agent:*', 'report:read'])
})
afterAll(() => gateway.close())

const subjectToken = async (form: Record<string, string> = {}, of = key): Promise<string> =>
  (await sandbox.exchange(of, 'jane', form)).body.access_token
const actorToken = async (of: SeededKey): Promise<string> => (await sandbox.clientCredentials(of, { resource: audience })).body.access_token
const asActor = (token: string): Record<string, string> => ({ actor_token: token, actor_token_type: accessTokenType })

describe('by external id', () => {
  test('it issues what exchangeApiKey issues, with the same event', async () => {
    const { status, headers, body } = await sandbox.exchange(key, 'jane', { scope: 'agent:create report:read' })
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(body).toEqual({
      access_token: expect.any(String),
      issued_token_type: accessTokenType,
      token_type: 'Bearer',
      expires_in: 3600,
      scope: 'agent:create report:read',
    })
    const byName = claimsOf((await exchange(gateway.app, key.secret, { permissions: ['agent:create', 'report:read'] })).token)
    expect({ ...claimsOf(body.access_token), jti: '' }).toEqual({ ...byName, jti: '' })
    const [first, second] = (await gateway.acme.events('api_key:exchange')).slice(-2)
    const { action, outcome, actorId, endUserId, projectId, environment, details } = first!
    expect(second).toMatchObject({ action, outcome, actorId, endUserId, projectId, environment, details })
  })

  test('the type may be that of a JWT, which an access token is', async () => {
    const jwt = 'urn:ietf:params:oauth:token-type:jwt'
    expect((await sandbox.exchange(key, 'jane', { requested_token_type: jwt })).body.issued_token_type).toBe(jwt)
    expect(refusalOf(await sandbox.exchange(key, 'jane', { requested_token_type: 'urn:ietf:params:oauth:token-type:saml2' }))).toBe(
      '400 invalid_request',
    )
  })

  test('X-On-Behalf-Of must name the same end user', async () => {
    const form = { grant_type: tokenExchange, subject_token: 'jane', subject_token_type: externalUserIdType, audience }
    expect((await sandbox.post('token', form, key, { 'x-on-behalf-of': 'jane' })).status).toBe(200)
    expect(refusalOf(await sandbox.post('token', form, key, { 'x-on-behalf-of': 'joe' }))).toBe('400 invalid_request')
  })

  test.each<[string, Record<string, string>, string]>([
    ['no subject', { subject_token: '' }, 'invalid_request'],
    ['no type', { subject_token_type: '' }, 'invalid_request'],
    ['another type', { subject_token_type: 'urn:ietf:params:oauth:token-type:id_token' }, 'invalid_request'],
    ['an invalid external id', { subject_token: ' jane' }, 'invalid_request'],
    ['no audience', { audience: '' }, 'invalid_target'],
    ['an invalid audience', { audience: 'mailto:jane@example.com' }, 'invalid_target'],
    ['a permission that is not held', { scope: 'member:invite' }, 'invalid_scope'],
    ['a malformed scope', { scope: 'Agent' }, 'invalid_scope'],
    ['an actor type without an actor', { actor_token_type: accessTokenType }, 'invalid_request'],
    ['an actor without a type', { actor_token: 'x' }, 'invalid_request'],
    ['an actor by external id', { actor_token: 'joe', actor_token_type: externalUserIdType }, 'invalid_request'],
  ])('%s is refused', async (_what, form, error) => {
    const { status, body } = await sandbox.exchange(key, 'jane', form)
    expect([status, body.error]).toEqual([400, error])
    expect(body.error_description).toMatch(/^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/)
  })

  test('an end user outside endUsers of the key is an invalid subject', async () => {
    const narrow = await gateway.acme.apiKey({ endUsers: { externalIds: ['joe'] } })
    expect(refusalOf(await sandbox.exchange(narrow, 'joe'))).toBe('200 issued')
    expect(refusalOf(await sandbox.exchange(narrow, 'jane'))).toBe('400 invalid_request')
  })

  test('an audience that the key does not allow is invalid_target', async () => {
    const bound = await gateway.acme.apiKey({ allowedAudiences: [audience] })
    expect(refusalOf(await sandbox.exchange(bound, 'jane'))).toBe('200 issued')
    const { body } = await sandbox.exchange(bound, 'jane', { audience: `${audience}/` })
    expect(body).toEqual({
      error: 'invalid_target',
      error_description: 'The API key does not allow this audience. Use one of its allowedAudiences, which are compared as exact strings.',
    })
  })
})

describe('a narrowed token', () => {
  test('keeps the subject, and has no more permissions or time', async () => {
    const token = await subjectToken({ scope: 'agent:create agent:read' })
    gateway.app.clock.advance(3_590_000)
    const fresh = await subjectToken({ scope: 'agent:create agent:read' })
    const narrowed = await sandbox.narrow(key, token, { audience: 'https://reports.example', scope: 'agent:read' })
    expect(narrowed.body).toMatchObject({ expires_in: 10, scope: 'agent:read' })
    expect(claimsOf(narrowed.body.access_token)).toMatchObject({
      sub: 'jane',
      client_id: key.id,
      aud: 'https://reports.example',
      exp: claimsOf(token).exp,
      permissions: ['agent:read'],
    })
    expect((await sandbox.narrow(key, fresh)).body).toMatchObject({ expires_in: 3600, scope: 'agent:create agent:read' })
    const event = (await gateway.acme.events('api_key:exchange')).at(-1)
    expect(event?.details).toEqual({ subjectTokenId: claimsOf(fresh).jti })
    expect((await sandbox.narrow(key, fresh, { scope: 'report:read' })).body).toEqual({
      error: 'invalid_scope',
      error_description: 'You cannot grant permissions that this credential does not hold: report:read.',
    })
  })

  test('is issued of no other token than an active one of the same key', async () => {
    const invalid = {
      error: 'invalid_request',
      error_description: 'subject_token must be an active access token that was issued under this API key.',
    }
    const stranger = await organization(gateway.app)
    const token = await subjectToken()
    const foreign = await new IssuerClient(gateway.app, stranger).exchange(await stranger.apiKey(), 'jane')
    const revoked = await subjectToken()
    await gateway.app.mutate(gateway.acme.sandboxKey, 'revokeAccessToken', { id: claimsOf(revoked).jti }, 'accessToken { id }')
    for (const each of [
      'not-a-token',
      gateway.acme.adminToken,
      key.secret,
      `${token.slice(0, -4)}AAAA`,
      await subjectToken({}, await gateway.agent()),
      foreign.body.access_token,
      revoked,
      await signClaims(gateway.app, 'at+jwt', { ...claimsOf(token), iss: 'http://keyhouse.test' }),
    ]) {
      const { status, body } = await sandbox.narrow(key, each)
      expect([status, body]).toEqual([400, invalid])
    }
    gateway.app.clock.advance(3_600_000)
    expect((await sandbox.narrow(key, token)).body).toEqual(invalid)
  })

  test('of a token for one MCP server is for the same server', async () => {
    const [a, b] = [await gateway.server(), await gateway.server()].map((id) => `${gateway.app.config.url}/mcp/${id}`)
    const token = await subjectToken({ audience: a! })
    for (const other of [b!, gateway.app.config.url, audience])
      expect((await sandbox.narrow(key, token, { audience: other })).body).toEqual({
        error: 'invalid_target',
        error_description: 'audience must be that of the subject token, which is for one MCP server.',
      })
    expect((await sandbox.narrow(key, token, { audience: a! })).status).toBe(200)
  })

  test('stays within the grant of the token', async () => {
    const database = await openSqlConnection(gateway.app.env)
    try {
      const token = await subjectToken()
      await database.run("update access_token set grant_id = 'grant' where id = ?", [claimsOf(token).jti])
      const narrowed = await sandbox.narrow(key, (await sandbox.narrow(key, token)).body.access_token)
      const ofGrant = await database.rows("select id from access_token where grant_id = 'grant'")
      expect(ofGrant.map(({ id }) => id)).toContain(claimsOf(narrowed.body.access_token).jti)
    } finally {
      await database.close()
    }
  })

  test('ends with the token, at each depth, on another replica and in the list of revocations', async () => {
    const first = await subjectToken()
    const second = (await sandbox.narrow(key, first)).body.access_token
    const third = (await sandbox.narrow(key, second)).body.access_token
    const sibling = (await sandbox.narrow(key, first)).body.access_token
    const replica = await gateway.replica()
    try {
      const elsewhere = new IssuerClient(gateway.app, gateway.acme, 'SANDBOX', replica.url)
      expect((await elsewhere.narrow(key, third)).status).toBe(200)
      await gateway.app.mutate(gateway.acme.sandboxKey, 'revokeAccessToken', { id: claimsOf(second).jti }, 'accessToken { id }')
      expect(refusalOf(await elsewhere.narrow(key, third))).toBe('400 invalid_request')
      expect(refusalOf(await elsewhere.narrow(key, sibling))).toBe('200 issued')
      const { revokedTokens } = await fetchRevocationList(replica)
      expect(revokedTokens).toEqual(expect.arrayContaining([second, third].map((token) => claimsOf(token).jti)))
      expect(revokedTokens).not.toContain(claimsOf(sibling).jti)
      expect((await gateway.acme.events('access_token:revoke')).at(-1)?.details).toEqual({ narrowedTokens: 2 })
    } finally {
      await replica.close()
    }
  })

  test('is not narrowed when it is revoked in the same moment', async () => {
    const { app, acme } = gateway
    const token = await subjectToken()
    const { keyring } = app.services
    const revokeFirst: Services['keyring'] = {
      ...keyring,
      async sign(typ, claims) {
        await app.mutate(acme.sandboxKey, 'revokeAccessToken', { id: claimsOf(token).jti }, 'accessToken { id }')
        return keyring.sign(typ, claims)
      },
    }
    const deps = {
      queryRunner: app.services.queryRunner,
      now: app.clock.now(),
      urls: [app.config.url],
      verify: () => Promise.resolve(undefined),
    }
    const presented = { authorization: `Bearer ${key.secret}`, onBehalfOf: [], sessionKeys: [], address: null, serverId: null }
    const actor = await authenticate(deps, presented)
    const origin = { requestId: 'req_race', ipAddress: null }
    const ctx = new Context({ ...app.services, keyring: revokeFirst }, origin, actor, () => Promise.resolve(actor))
    await expect(exchangeApiKey(ctx, { audience }, { subjectToken: new Secret(token) })).rejects.toThrow('"subjectToken" must be an active')
    expect(refusalOf(await sandbox.narrow(key, token))).toBe('400 invalid_request')
  })

  test('never holds what one of the chain lacks', async () => {
    const names = ['agent:create', 'agent:read', 'agent:*', 'report:read', 'mcp_tool:echo', 'mcp_tool:*', 'mcp_server:use']
    const scope = fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(scope, fc.array(scope, { minLength: 1, maxLength: 3 }), async (held, steps) => {
        let holder = held
        let { body } = await sandbox.exchange(key, 'jane', { scope: held.join(' ') })
        for (const step of steps) {
          const next = await sandbox.narrow(key, body.access_token, { scope: step.join(' ') })
          const isHeld = step.every((permission) => hasPermission(holder, permission))
          expect(refusalOf(next)).toBe(isHeld ? '200 issued' : '400 invalid_scope')
          if (!isHeld) return
          expect(next.body.scope).toBe(step.join(' '))
          expect(claimsOf(next.body.access_token).exp).toBeLessThanOrEqual(claimsOf(body.access_token).exp)
          holder = step
          body = next.body
        }
        expect(names.filter((name) => hasPermission(holder, name) && !hasPermission(held, name))).toEqual([])
      }),
      { numRuns: 40 },
    )
  })

  test('loses what its key loses', async () => {
    const own = await gateway.acme.apiKey({ permissions: ['agent:create', 'agent:read'] })
    const token = await subjectToken({}, own)
    await gateway.app.mutate(gateway.acme.sandboxKey, 'updateApiKey', { id: own.id, permissions: ['agent:read'] }, 'apiKey { id }')
    expect((await sandbox.narrow(own, token)).body.scope).toBe('agent:read')
  })
})

describe('an actor', () => {
  test('is named by the act claim, with those before it nested', async () => {
    const [planner, mailer] = [await gateway.agent(['*'], ['agent:read']), await gateway.agent(['*'], ['agent:read'])]
    const delegated = await sandbox.exchange(key, 'jane', asActor(await actorToken(planner)))
    expect(claimsOf(delegated.body.access_token)).toMatchObject({ sub: 'jane', act: { sub: planner.id } })
    const further = await sandbox.narrow(key, delegated.body.access_token, asActor(await actorToken(mailer)))
    expect(claimsOf(further.body.access_token)).toMatchObject({ sub: 'jane', act: { sub: mailer.id, act: { sub: planner.id } } })
    // Narrowing alone keeps the actors.
    const same = await sandbox.narrow(key, further.body.access_token)
    expect(claimsOf(same.body.access_token)).toMatchObject({ act: { sub: mailer.id, act: { sub: planner.id } } })
    const event = (await gateway.acme.events('api_key:exchange')).at(-2)
    expect(event?.details).toEqual({
      subjectTokenId: claimsOf(delegated.body.access_token).jti,
      actorTokenId: expect.stringMatching(/^at_/),
    })
  })

  test('adds no permission', async () => {
    const actor = await gateway.agent(['*'], ['other:read'])
    expect(refusalOf(await sandbox.exchange(key, 'jane', { ...asActor(await actorToken(actor)), scope: 'other:read' }))).toBe(
      '400 invalid_scope',
    )
  })

  test('is an active token of the same project and environment, and of one party alone', async () => {
    const [stranger, production] = [await organization(gateway.app), new IssuerClient(gateway.app, gateway.acme, 'PRODUCTION')]
    const foreign = await new IssuerClient(gateway.app, stranger).clientCredentials(await stranger.apiKey())
    const other = await production.clientCredentials(await gateway.acme.apiKey({ environment: 'PRODUCTION' }))
    const project = await sandbox.clientCredentials(await gateway.acme.apiKey({ projectId: await gateway.acme.project() }))
    for (const { body } of [foreign, other, project])
      expect((await sandbox.exchange(key, 'jane', asActor(body.access_token))).body).toEqual({
        error: 'invalid_request',
        error_description: 'actor_token must be an active access token of the project and environment of this API key.',
      })
    for (const wrong of ['x', key.secret, gateway.acme.adminToken])
      expect(refusalOf(await sandbox.exchange(key, 'jane', asActor(wrong)))).toBe('400 invalid_request')
    const delegated = (await sandbox.exchange(key, 'jane', asActor(await actorToken(key)))).body.access_token
    expect((await sandbox.exchange(key, 'joe', asActor(delegated))).body.error_description).toBe(
      'actor_token must be a token of the actor alone: it has an act claim, which names another actor.',
    )
  })

  test(`is at most number ${maxActors}`, async () => {
    const actor = asActor(await actorToken(key))
    let { body } = await sandbox.exchange(key, 'jane', actor)
    for (let count = 2; count <= maxActors; count++) ({ body } = await sandbox.narrow(key, body.access_token, actor))
    expect(claimsOf(body.access_token)).toHaveProperty('act.act.act.act.sub', key.id)
    expect((await sandbox.narrow(key, body.access_token, actor)).body).toEqual({
      error: 'invalid_request',
      error_description: `actor_token would be actor ${maxActors + 1} of the token, which may have ${maxActors}.`,
    })
  })
})
