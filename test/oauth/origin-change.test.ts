/** A move to another public address: connected accounts go on, and links and clients of the former address are not used. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'

import { McpOAuthClient } from '../../src/entities/mcp-oauth-client.js'
import { ConnectionWorld } from '../support/oauth-connections.js'
import { sealedTexts } from '../support/sealed-texts.js'

const former = 'https://keys.former.example'
const current = 'https://keys.current.example'

let before: ConnectionWorld
let after: ConnectionWorld
beforeAll(async () => {
  before = await ConnectionWorld.start({}, { KEYHOUSE_URL: former })
  after = await before.moved(current)
})
afterAll(async () => {
  await after.app.close()
  await before.close()
})
beforeEach(() => {
  before.upstream.intercept = () => false
  // Metadata are kept for 5 minutes.
  before.app.clock.advance(300_001)
})

/** Parameters of the authorization request that the link leads to. */
async function authorizationRequest(world: ConnectionWorld, externalId: string): Promise<URLSearchParams> {
  const response = await (await world.browser(externalId)).get(await world.link(externalId))
  return new URL(response.headers.get('location')!).searchParams
}

const newestClient = async (): Promise<McpOAuthClient> => {
  const [client] = await before.acme.em.find(McpOAuthClient, {}, { orderBy: { id: 'DESC' } })
  return client!
}

test('a connected account is called and renewed, and every sealed value opens', async () => {
  await before.connect('jane')
  expect(await after.call('jane')).toBe('jane-upstream')
  const { renewals } = before.upstream
  before.app.clock.advance(3_600_000)
  expect(await after.call('jane')).toBe('jane-upstream')
  expect(before.upstream.renewals).toBe(renewals + 1)
  const texts = await sealedTexts(after.app.services.orm, after.app.services.masterKeys)
  expect(texts).toMatchObject({ credentials: [expect.any(String)], 'refresh tokens': [expect.any(String)] })
})

test('a client that registered itself registers anew, and a link of the former address connects nothing', async () => {
  const link = await before.link('kim')
  const stale = await newestClient()
  const browser = await after.browser('kim')
  const refused = await browser.get(link.replace(former, current))
  expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('There is nothing to connect any more')])
  const request = await authorizationRequest(after, 'kim')
  const fresh = await newestClient()
  expect(fresh.id).not.toBe(stale.id)
  expect(Object.fromEntries(request)).toMatchObject({
    client_id: fresh.clientId,
    redirect_uri: `${current}/oauth/callback/${fresh.id}`,
  })
  expect(await after.connect('kim')).toContain('is connected')
})

test('a client with a metadata document gets one of the new address, and the former one is gone', async () => {
  const { upstream } = before
  upstream.intercept = ({ url }, response) => {
    if (!url?.startsWith('/.well-known/')) return false
    const { issuer } = upstream
    const document = {
      issuer,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      code_challenge_methods_supported: ['S256'],
      client_id_metadata_document_supported: true,
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document))
    return true
  }
  const stale = (await authorizationRequest(before, 'lea')).get('client_id')!
  const fresh = (await authorizationRequest(after, 'lea')).get('client_id')!
  expect([stale, fresh]).toEqual([expect.stringContaining(former), expect.stringContaining(current)])
  expect((await fetch(stale.replace(former, after.app.url))).status).toBe(404)
  expect(await (await fetch(fresh.replace(current, after.app.url))).json()).toMatchObject({ client_id: fresh })
})

test('a stored client stays: its redirect URI moves to the same path of the new address', async () => {
  const { acme, upstream } = before
  const create = { issuer: upstream.issuer, clientId: 'stored' }
  const { client } = await before.app.mutate(acme.sandboxKey, 'createMcpOAuthClient', create, 'client { id redirectUri }')
  expect(client.redirectUri).toBe(`${former}/oauth/callback/${client.id}`)
  const request = await authorizationRequest(after, 'max')
  const redirectUri = `${current}/oauth/callback/${client.id}`
  expect(Object.fromEntries(request)).toMatchObject({ client_id: 'stored', redirect_uri: redirectUri })
  expect(await newestClient()).toMatchObject({ id: client.id, redirectUri })
})
