/** Client ID Metadata Documents: fetched within bounds, checked, cached, and never trusted beyond their host (OAUTH.md E, AS 7). */
import type { ServerResponse } from 'node:http'
import { setTimeout } from 'node:timers/promises'

import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'

import { maxDocumentBytes } from '../../src/oauth/clients/client-document.js'
import { untrustedServer } from '../support/certificate.js'
import { listen, type Listening } from '../support/local-server.js'
import { GrantWorld, redirectUri, wordsOf, type PageAnswer } from '../support/oauth-grants.js'

let world: GrantWorld
let site: Listening
let cookie: string
/** Paths that were asked for. */
let asked: string[] = []
let answer: (response: ServerResponse, path: string) => void | Promise<void>

beforeAll(async () => {
  site = await listen(async ({ url = '' }, response) => {
    asked.push(url)
    await answer(response, url)
  })
  world = await GrantWorld.start()
  cookie = await world.signIn('ada')
})
afterAll(async () => {
  await world.close()
  await site.close()
})

let documents = 0
let id: string
const document = (changes: object = {}): object => ({ client_id: id, client_name: 'Claude', redirect_uris: [redirectUri], ...changes })
const send = (response: ServerResponse, body: string | Buffer, headers: Record<string, string> = {}, status = 200): void =>
  void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)

beforeEach(() => {
  asked = []
  id = `${site.origin}/client/${++documents}.json`
  answer = (response) => send(response, JSON.stringify(document()))
  // Refusals of the test before do not count.
  world.gateway.app.clock.advance(60_000)
})

const authorize = (changes: Record<string, string> = {}): Promise<PageAnswer> => world.authorize(cookie, { client_id: id, ...changes })
const expectRefusal = async (status: number, text: string, changes: Record<string, string> = {}): Promise<void> => {
  const page = await authorize(changes)
  expect([page.status, page.location, wordsOf(page)]).toEqual([status, null, expect.stringContaining(text)])
}

test('a client is known by its document, and its grant by the host', async () => {
  answer = (response) => send(response, JSON.stringify(document({ logo_uri: `${site.origin}/logo.png`, jwks_uri: `${site.origin}/jwks` })))
  const page = await authorize()
  expect(wordsOf(page)).toContain(`Application Claude, of ${new URL(site.origin).host}`)
  const code = await world.code(cookie, { client_id: id })
  expect((await world.redeem(code)).status).toBe(200)
  // Neither the logo nor any other link is followed, and the token endpoint asks for nothing.
  expect(asked).toEqual([`/client/${documents}.json`])
})

test.each([
  ['is not JSON', '{', 'The document is not JSON.'],
  ['is not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'The document is not JSON.'],
  ['is a list', '[]', 'The client metadata must be a JSON object.'],
  [
    'has another client_id',
    JSON.stringify({ client_id: 'https://other.example/x', client_name: 'x', redirect_uris: [redirectUri] }),
    'client_id in the document is not its URL.',
  ],
])('a document that %s is refused', async (_name, body, text) => {
  answer = (response) => send(response, body)
  await expectRefusal(400, text)
})

test.each<[string, object, string]>([
  ['has no name', { client_name: undefined }, 'The document has no client_name.'],
  ['has no redirect URIs', { redirect_uris: undefined }, 'redirect_uris must be an array'],
  ['has a secret', { client_secret: 's' }, 'The document uses a shared secret.'],
  ['authenticates by a secret', { token_endpoint_auth_method: 'client_secret_post' }, 'The document uses a shared secret.'],
  ['lacks the redirect URI', { redirect_uris: ['https://h.example/cb'] }, 'at an address that it may not use'],
])('a document that %s is refused', async (_name, changes, text) => {
  answer = (response) => send(response, JSON.stringify(document(changes)))
  await expectRefusal(400, text)
})

test.each([
  ['404', (response: ServerResponse) => send(response, JSON.stringify(document()), {}, 404)],
  ['a redirect', (response: ServerResponse, path: string) => void response.writeHead(307, { location: `${path}?moved` }).end()],
])('%s is no document, and is not cached', async (_name, respond) => {
  answer = respond
  await expectRefusal(502, 'cannot be read')
  answer = (response) => send(response, JSON.stringify(document()))
  expect((await authorize()).status).toBe(200)
  expect(asked).toEqual([`/client/${documents}.json`, `/client/${documents}.json`])
})

test('a document of 5,120 bytes is read, one of 5,121 not', async () => {
  const padded = (bytes: number): string => {
    const text = JSON.stringify(document({ padding: '' }))
    return text.replace('"padding":""', `"padding":"${'p'.repeat(bytes - text.length)}"`)
  }
  answer = (response) => send(response, padded(maxDocumentBytes + 1))
  await expectRefusal(502, 'cannot be read')
  answer = (response) => send(response, padded(maxDocumentBytes))
  expect((await authorize()).status).toBe(200)
})

test('a document has 2.5 seconds', async () => {
  answer = async (response) => {
    response.writeHead(200).write('{')
    await setTimeout(4000)
    response.destroy()
  }
  const startedAt = performance.now()
  await expectRefusal(502, 'cannot be read')
  expect(performance.now() - startedAt).toBeLessThan(3900)
})

test('concurrent requests share one fetch', async () => {
  answer = async (response) => {
    await setTimeout(100)
    send(response, JSON.stringify(document()))
  }
  const pages = await Promise.all(Array.from({ length: 10 }, () => authorize()))
  expect(pages.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200))
  expect(asked).toHaveLength(1)
})

test.each([
  [undefined, 300],
  ['public, max-age=600', 600],
  ['max-age=0', 60],
  ['no-store', 60],
  ['max-age=99999999', 86_400],
])('with Cache-Control %s a document is cached for %i seconds', async (cacheControl, seconds) => {
  answer = (response) => send(response, JSON.stringify(document()), cacheControl === undefined ? {} : { 'cache-control': cacheControl })
  cookie = await world.signIn('ada')
  await authorize()
  world.gateway.app.clock.advance(seconds * 1000 - 1)
  cookie = await world.signIn('ada')
  await authorize()
  expect(asked).toHaveLength(1)
  world.gateway.app.clock.advance(1)
  await authorize()
  expect(asked).toHaveLength(2)
})

test('clientHosts names the hosts, with their ports, and nothing else is fetched', async () => {
  await world.configure({ clientHosts: ['client.example', '127.0.0.1'] })
  await expectRefusal(403, 'This application may not connect here')
  expect(asked).toEqual([])
  await world.configure({ clientHosts: [new URL(site.origin).host] })
  expect((await authorize()).status).toBe(200)
  await world.configure({ clientHosts: [] })
  await expectRefusal(403, 'This application may not connect here')
  await world.configure({ clientHosts: null })
})

test('a host that is named gets errors by a redirect', async () => {
  answer = (response) => send(response, JSON.stringify(document({ redirect_uris: ['https://h.example/cb'] })))
  const changes = { redirect_uri: 'https://h.example/cb', response_type: 'token' }
  expect((await authorize(changes)).location).toBeNull()
  await world.configure({ clientHosts: [new URL(site.origin).host] })
  expect((await authorize(changes)).location?.searchParams.get('iss')).toBe(world.issuer)
  await world.configure({ clientHosts: null })
})

test('an address that is not allowed, and a server that is not trusted, are never read', async () => {
  const untrusted = await untrustedServer()
  for (const url of [
    `${untrusted.origin}/x`,
    'http://169.254.169.254/latest',
    'https://localhost/x',
    'https://10.0.0.1/x',
    'https://[::1]/x',
  ])
    await expectRefusal(502, 'cannot be read', { client_id: url })
  expect(untrusted.requests()).toBe(0)
  await untrusted.close()
})

test.each([
  'https://h.example',
  'https://h.example/',
  'https://h.example/a/../b',
  'https://h.example/a#b',
  'https://u:p@h.example/a',
  'HTTPS://h.example/a',
  `https://h.example/${'a'.repeat(490)}`,
])('%s is no URL of a document', (url) => expectRefusal(400, 'This application is not known here', { client_id: url }))
