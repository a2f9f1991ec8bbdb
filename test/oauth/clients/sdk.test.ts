/** Both official SDKs connect with the URL of an MCP server alone, and start over when their grant is revoked. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'

import { isUnauthorized, MemoryProvider, openConnection } from '../../support/oauth-client-providers.js'
import { ClientWorld } from '../../support/oauth-clients.js'
import { callbackOf, configureOAuth } from '../../support/oauth.js'
import { oidcClient, startOpenIdProvider } from '../../support/openid-provider.js'
import { UserAgent } from '../../support/user-agent.js'

let world: ClientWorld
beforeAll(async () => {
  world = await ClientWorld.start()
})
afterAll(() => world.close())

/** Connects as a person does who starts a client: it opens the browser, and connects again with what the browser brought. */
async function connect(
  generation: 'sdk' | 'client',
  provider: MemoryProvider,
  allows?: (permission: string) => boolean,
  agent?: UserAgent,
): Promise<ReturnType<typeof openConnection>> {
  const first = openConnection(generation, world.url, provider)
  expect(await first.connect().catch(isUnauthorized)).toBe(true)
  const { url, status } = await world.authorize(provider.opened.at(-1)!.href, allows, agent)
  expect([status, new URL(url).searchParams.get('state')]).toEqual([200, 'a state'])
  await first.finish(new URL(url))
  const second = openConnection(generation, world.url, provider)
  await second.connect()
  return second
}

const provider = (): MemoryProvider => new MemoryProvider(`${world.callback.origin}/callback`)

describe.each(['sdk', 'client'] as const)('@modelcontextprotocol/%s', (generation) => {
  test('registers, is authorized, lists the tools and calls one', async () => {
    const agent = provider()
    const connection = await connect(generation, agent)
    expect(await connection.tools()).toContain('echo')
    expect(await connection.call('hello')).toEqual([{ type: 'text', text: 'Echo: hello' }])
    expect(agent.tokens()).toMatchObject({ token_type: expect.stringMatching(/bearer/i), scope: 'mcp_server:use mcp_tool:*' })
    await connection.close()
  })

  test('starts over at the next call after its grant is revoked', async () => {
    const agent = provider()
    const connection = await connect(generation, agent)
    expect(await world.revokeGrants()).toBeGreaterThan(0)
    expect(await connection.call('hello').catch(isUnauthorized)).toBe(true)
    expect(agent.opened).toHaveLength(2)
    await connection.close()
    const again = await connect(generation, agent)
    expect(await again.call('again')).toEqual([{ type: 'text', text: 'Echo: again' }])
    await again.close()
  })
})

test('@modelcontextprotocol/client asks for more once a tool needs more than was allowed', async () => {
  const agent = provider()
  const connection = await connect('client', agent, () => false)
  expect(agent.tokens()).toMatchObject({ scope: 'mcp_server:use' })
  expect(await connection.call('hello').catch(isUnauthorized)).toBe(true)
  expect(agent.opened.at(-1)!.searchParams.get('scope')).toBe('mcp_server:use mcp_tool:echo')
  const { url } = await world.authorize(agent.opened.at(-1)!.href)
  await connection.finish(new URL(url))
  expect(await connection.call('hello')).toEqual([{ type: 'text', text: 'Echo: hello' }])
  await connection.close()
})

test('oidc-provider signs the user in', async () => {
  const { app, acme, key } = world
  const openid = await startOpenIdProvider(callbackOf(app), ['ada'])
  await configureOAuth(acme, key.id, { oidc: { issuer: openid.origin, ...oidcClient } })
  await world.storeCredential('ada')
  const browser = new UserAgent()
  const agent = provider()
  expect(await openConnection('client', world.url, agent).connect().catch(isUnauthorized)).toBe(true)
  const page = await browser.get(agent.opened[0]!.href)
  await browser.get(new URL(/href="([^"]+ada)"/.exec(page.text)![1]!, page.url).href)
  const connection = await connect('client', agent, undefined, browser)
  expect(decodeJwt((await agent.tokens())!.access_token)).toMatchObject({ sub: 'ada', aud: world.url })
  await connection.close()
  await openid.close()
})
