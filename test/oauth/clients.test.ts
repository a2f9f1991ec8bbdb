/** The client that Keyhouse is at an authorization server: a stored one, else our metadata document, else a registration. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'

import { McpOAuthClient } from '../../src/entities/mcp-oauth-client.js'
import { ConnectionWorld, publicOrigin } from '../support/oauth-connections.js'
import type { Interceptor } from '../support/oauth-upstream.js'

let world: ConnectionWorld
beforeAll(async () => {
  world = await ConnectionWorld.start()
})
afterAll(() => world.close())
beforeEach(() => {
  world.upstream.intercept = () => false
})

const clients = (): Promise<McpOAuthClient[]> => world.acme.em.find(McpOAuthClient, {}, { orderBy: { id: 'ASC' } })

/** Authorization request that the browser of the end user is sent to. */
const request = async (at: ConnectionWorld, externalId: string, serverId = at.serverId): Promise<URLSearchParams> => {
  const response = await (await at.browser(externalId)).get(await at.link(externalId, serverId))
  return new URL(response.headers.get('location')!).searchParams
}

/** Metadata of the authorization server with these changes. */
const withMetadata =
  (at: ConnectionWorld, changes: object): Interceptor =>
  async ({ url }, response) => {
    if (!url?.startsWith('/.well-known/')) return false
    const { issuer } = at.upstream
    const document = {
      issuer,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      code_challenge_methods_supported: ['S256'],
      ...changes,
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document))
    return true
  }

test('a registered client has a redirect URI of its own, is used again, and is registered anew when it is refused', async () => {
  await world.connect('jane')
  const [first, ...more] = await clients()
  expect(more).toEqual([])
  expect(first).toMatchObject({ kind: 'DCR', issuer: world.upstream.issuer, redirectUri: `${publicOrigin}/oauth/callback/${first!.id}` })
  world.app.clock.advance(3_600_000)
  world.upstream.intercept = ({ url }, response) => {
    if (url !== '/token') return false
    response.writeHead(401, { 'content-type': 'application/json' }).end(JSON.stringify({ error: 'invalid_client' }))
    return true
  }
  expect(await world.refusal('jane')).toMatchObject({ reason: 'RECONNECT_REQUIRED' })
  world.upstream.intercept = () => false
  expect(await world.connect('jane')).toContain('is connected')
  const [retired, second] = await clients()
  expect(retired).toMatchObject({ id: first!.id, retiredAt: expect.any(Date) })
  expect(second).toMatchObject({ kind: 'DCR', retiredAt: null })
  expect(await world.acme.events('mcp_oauth_client:retire')).toMatchObject([{ subjectId: first!.id, actorId: null }])
  expect(await world.call('jane')).toBe('jane-upstream')
})

test('a stored client is preferred, sends its secret, and accounts must be connected again after its deletion', async () => {
  const { acme, app, upstream } = world
  const secret = 'a-secret_of.the authorization server'
  const input = { issuer: upstream.issuer, clientId: 'stored', clientSecret: secret }
  const { client } = await app.mutate(acme.sandboxKey, 'createMcpOAuthClient', input, 'client { id redirectUri }')
  const again = await app.mutate(acme.sandboxKey, 'createMcpOAuthClient', input, 'client { id }')
  expect(again.userErrors).toMatchObject([{ code: 'CONFLICT', path: ['input', 'issuer'] }])
  const parameters = await request(world, 'kim')
  expect(Object.fromEntries(parameters)).toMatchObject({ client_id: 'stored', redirect_uri: client.redirectUri })
  const seen: (string | undefined)[] = []
  upstream.intercept = ({ url, headers }, response) => {
    if (url !== '/token') return false
    seen.push(headers.authorization)
    const body = { access_token: 'an-access-token', refresh_token: 'a-refresh-token', token_type: 'Bearer', expires_in: 3600 }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    return true
  }
  const callback = new URL(client.redirectUri)
  callback.search = new URLSearchParams({ code: 'c', state: parameters.get('state')!, iss: upstream.issuer }).toString()
  const browser = await world.browser('kim')
  // The browser session is another one: the callback is refused, and nothing is sent.
  expect(await (await browser.get(callback.href)).text()).toContain('does not belong to this browser')
  expect(seen).toEqual([])
  const location = (await browser.get(await world.link('kim'))).headers.get('location')!
  callback.searchParams.set('state', new URL(location).searchParams.get('state')!)
  expect(await (await browser.get(callback.href)).text()).toContain('is connected')
  expect(seen).toEqual([`Basic ${Buffer.from(`stored:${secret.replaceAll(' ', '+')}`).toString('base64')}`])
  await app.mutate(acme.sandboxKey, 'deleteMcpOAuthClient', { id: client.id }, 'deletedClientId')
  app.clock.advance(3_600_000)
  expect(await world.refusal('kim')).toMatchObject({ reason: 'RECONNECT_REQUIRED' })
  const [event] = (await acme.events('mcp_credential:lapse')).slice(-1)
  expect(event).toMatchObject({ details: { reason: 'CLIENT_DELETED' } })
})

test('after the secret of a stored client was rotated, accounts stay connected until it is replaced here', async () => {
  const other = await ConnectionWorld.start()
  try {
    const { acme, app, upstream } = other
    const input = { issuer: upstream.issuer, clientId: 'stored', clientSecret: 'first' }
    const { client } = await app.mutate(acme.sandboxKey, 'createMcpOAuthClient', input, 'client { id redirectUri }')
    let secret = 'first'
    upstream.intercept = ({ url, headers }, response) => {
      if (url !== '/token') return false
      const isKnown = headers.authorization === `Basic ${Buffer.from(`stored:${secret}`).toString('base64')}`
      const tokens = { access_token: `token-of-${secret}`, refresh_token: 'a-refresh-token', token_type: 'Bearer', expires_in: 3600 }
      const body = isKnown ? tokens : { error: 'invalid_client' }
      response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      return true
    }
    upstream.interceptResource = ({ headers }, response) => {
      if (!headers.authorization) return false
      const text = headers.authorization === 'Bearer token-of-second' ? 'accepted' : 'refused'
      const result = { content: [{ type: 'text', text }] }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id: 1, result }))
      return true
    }
    const browser = await other.browser('jane')
    const location = new URL((await browser.get(await other.link('jane'))).headers.get('location')!)
    const callback = new URL(client.redirectUri)
    callback.search = new URLSearchParams({ code: 'c', state: location.searchParams.get('state')!, iss: upstream.issuer }).toString()
    expect(await (await browser.get(callback.href)).text()).toContain('is connected')
    secret = 'second'
    app.clock.advance(3_600_000)
    expect(await other.refusal('jane')).toMatchObject({ reason: 'RENEWAL_FAILED', cause: 'INVALID_CLIENT', retryAfterMs: 15_000 })
    const replaced = await app.mutate(acme.sandboxKey, 'updateMcpOAuthClient', { id: client.id, clientSecret: secret }, 'client { id }')
    expect(replaced).toMatchObject({ client: { id: client.id }, userErrors: [] })
    app.clock.advance(15_000)
    expect(await other.call('jane')).toBe('accepted')
  } finally {
    await other.close()
  }
})

test('the id and the secret of a stored client have at most 1,024 printable characters each', async () => {
  const { acme, app } = world
  const max = 'a'.repeat(1024)
  const create = (fields: object) =>
    app.mutate(acme.sandboxKey, 'createMcpOAuthClient', { issuer: 'https://as.example', clientId: max, ...fields }, 'client { id }')
  const invalid = (field: string) => ({ userErrors: [{ code: 'INVALID', path: ['input', field] }] })
  expect(await create({ clientId: `${max}a` })).toMatchObject(invalid('clientId'))
  expect(await create({ clientSecret: `${max}a` })).toMatchObject(invalid('clientSecret'))
  const { client } = await create({ clientSecret: max })
  const update = (clientSecret: string) =>
    app.mutate(acme.sandboxKey, 'updateMcpOAuthClient', { id: client.id, clientSecret }, 'client { id }')
  for (const secret of [`${max}a`, 'a\u007F']) expect(await update(secret)).toMatchObject(invalid('clientSecret'))
  expect(await update(max)).toMatchObject({ client: { id: client.id }, userErrors: [] })
})

test('a client that Keyhouse registered itself has no secret to replace', async () => {
  await world.connect('lee')
  const client = (await clients()).find(({ kind, retiredAt }) => kind === 'DCR' && !retiredAt)!
  const { userErrors } = await world.app.mutate(
    world.acme.sandboxKey,
    'updateMcpOAuthClient',
    { id: client.id, clientSecret: 'a' },
    'client { id }',
  )
  expect(userErrors).toMatchObject([{ code: 'INVALID_STATE' }])
})

test.each([{}, { client_secret_expires_at: 0 }])('a registration with a secret and %j stores the secret', async (expiry) => {
  const other = await ConnectionWorld.start()
  try {
    const { issuer } = other.upstream
    const answerMetadata = withMetadata(other, { registration_endpoint: `${issuer}/reg` })
    other.upstream.intercept = (message, response) => {
      if (message.url !== '/reg') return answerMetadata(message, response)
      const body = { client_id: 'registered', client_secret: 'a secret', ...expiry }
      response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      return true
    }
    expect((await request(other, 'jane')).get('client_id')).toBe('registered')
    const [client] = await other.acme.em.find(McpOAuthClient, {})
    expect(client).toMatchObject({ kind: 'DCR', sealedSecret: expect.any(String) })
  } finally {
    await other.close()
  }
})

test('end users who start at once, on two replicas, share one client, and all connect', async () => {
  const other = await ConnectionWorld.start()
  const replica = await other.moved(publicOrigin)
  try {
    const users = Array.from({ length: 8 }, (_, i) => `user-${i}`)
    const links = await Promise.all(users.map((externalId, i) => [other, replica][i % 2]!.link(externalId)))
    expect(await other.acme.em.count(McpOAuthClient, {})).toBe(1)
    for (const [i, link] of links.entries()) {
      const { response } = await (await other.browser(users[i]!)).open(link)
      expect(await response!.text()).toContain('is connected')
    }
  } finally {
    await replica.app.close()
    await other.close()
  }
})

test('a server without registration needs a stored client, and says so', async () => {
  const other = await ConnectionWorld.start()
  try {
    other.upstream.intercept = withMetadata(other, {})
    const headers = { 'x-on-behalf-of': 'jane' }
    const refused = await other.app.mutate(other.acme.sandboxKey, 'startMcpConnection', { serverId: other.serverId }, 'url', headers)
    const message = `The authorization server "${other.upstream.issuer}" accepts neither Client ID Metadata Documents nor registrations. Register a client there, and store it with createMcpOAuthClient.`
    expect(refused.userErrors).toMatchObject([{ code: 'OAUTH_CLIENT_REQUIRED', message }])
    expect(await other.refusal('jane')).toEqual({ reason: 'NO_CREDENTIAL' })
  } finally {
    await other.close()
  }
})

test('where this server is public, its client id is the URL of a document that it publishes', async () => {
  const url = 'https://keyhouse.example'
  const other = await ConnectionWorld.start({}, { KEYHOUSE_URL: url })
  try {
    other.upstream.intercept = withMetadata(other, {
      client_id_metadata_document_supported: true,
      registration_endpoint: 'https://as.example',
    })
    const parameters = await request(other, 'jane')
    const clientId = parameters.get('client_id')!
    expect(clientId).toMatch(/^https:\/\/keyhouse\.example\/oauth\/clients\/mcp_cli_[0-9a-f]{32}$/)
    const response = await fetch(clientId.replace(url, other.app.url))
    expect(response.headers.get('cache-control')).toBe('public, max-age=300')
    expect(await response.json()).toEqual({
      client_id: clientId,
      client_name: 'Keyhouse (keyhouse.example)',
      client_uri: url,
      redirect_uris: [parameters.get('redirect_uri')],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      application_type: 'web',
      token_endpoint_auth_method: 'none',
    })
    expect((await request(other, 'kim')).get('client_id')).toBe(clientId)
    for (const id of ['x', clientId.slice(-40).replaceAll(/[0-9a-f]/g, '0')])
      expect((await fetch(`${other.app.url}/oauth/clients/${id}`)).status).toBe(404)
  } finally {
    await other.close()
  }
})
