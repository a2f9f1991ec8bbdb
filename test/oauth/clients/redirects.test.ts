/** Redirect URIs as Claude Code, Cursor and VS Code send them. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { listen, type Listening } from '../../support/local-server.js'
import { MemoryProvider, openConnection } from '../../support/oauth-client-providers.js'
import { ClientWorld } from '../../support/oauth-clients.js'
import { UserAgent } from '../../support/user-agent.js'

let world: ClientWorld
let site: Listening
beforeAll(async () => {
  world = await ClientWorld.start({ redirectSchemes: ['cursor'] })
  // The metadata document of a client is at its client id.
  site = await listen((request, response) => {
    const document = {
      client_id: `http://${request.headers.host}${request.url}`,
      client_name: 'Claude Code',
      client_uri: 'https://claude.ai',
      redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(document))
  })
})
afterAll(async () => {
  await world.close()
  await site.close()
})

/** Connects with these metadata, and calls a tool. Returns where the browser came back. */
async function connect(provider: MemoryProvider): Promise<string> {
  const first = openConnection('client', world.url, provider)
  await first.connect().catch(() => undefined)
  const { url } = await world.authorize(provider.opened.at(-1)!.href)
  await first.finish(new URL(url))
  const second = openConnection('client', world.url, provider)
  await second.connect()
  expect(await second.call('hello')).toEqual([{ type: 'text', text: 'Echo: hello' }])
  await second.close()
  return url.slice(0, url.indexOf('?'))
}

test('Claude Code names localhost without a port in its document, and listens on an ephemeral one', async () => {
  const redirect = `${world.callback.origin.replace('127.0.0.1', 'localhost')}/callback`
  const provider = new MemoryProvider(redirect)
  provider.saveClientInformation({ client_id: `${site.origin}/oauth/claude-code-client-metadata`, issuer: world.issuer })
  expect(await connect(provider)).toBe(redirect)
})

test('VS Code registers sites and loopback addresses, and listens on another port', async () => {
  const redirect = `${world.callback.origin}/`
  const metadata = {
    client_name: 'Visual Studio Code',
    client_uri: 'https://code.visualstudio.com',
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    response_types: ['code', 'token', 'id_token'],
    redirect_uris: ['https://insiders.vscode.dev/redirect', 'https://vscode.dev/redirect', 'http://127.0.0.1/', 'http://127.0.0.1:33418/'],
    token_endpoint_auth_method: 'none',
    application_type: 'native',
  }
  expect(await connect(new MemoryProvider(redirect, metadata))).toBe(redirect)
})

const cursor = 'cursor://anysphere.cursor-mcp/oauth/callback'
const cursorUris = [cursor, 'https://www.cursor.com/agents/mcp/oauth/callback', 'http://localhost:8787/callback']

test('Cursor is called back by its own scheme', async () => {
  expect(await connect(new MemoryProvider(cursor, { client_name: 'Cursor', redirect_uris: cursorUris }))).toBe(cursor)
})

test('without its scheme in the configuration, Cursor is told so', async () => {
  const strict = await ClientWorld.start()
  const provider = new MemoryProvider(cursor, { client_name: 'Cursor', redirect_uris: cursorUris })
  await openConnection('client', strict.url, provider)
    .connect()
    .catch(() => undefined)
  const { status, text } = await new UserAgent().get(provider.opened[0]!.href)
  expect([status, text]).toEqual([400, expect.stringContaining('The scheme is &quot;cursor&quot;.')])
  await strict.close()
})
