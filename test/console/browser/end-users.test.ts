/** End users in a real browser: from an application to the provider, consent and back, by cookies, policies and redirects. */
import { hash, randomBytes } from 'node:crypto'

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import axe from 'axe-core'
import type { Browser, Page } from 'playwright-core'

import type { TestApp } from '../../support/app.js'
import { contentWidth, launchBrowser, openIsolatedPage, readBrowserStorage, saveScreenshot } from '../../support/browser.js'
import type { IsolatedPage } from '../../support/browser.js'
import { listen, type Listening } from '../../support/local-server.js'
import { OAuthUpstream } from '../../support/oauth-upstream.js'
import { callbackOf, configureOAuth, startOAuthApp } from '../../support/oauth.js'
import { oidcClient, startOpenIdProvider } from '../../support/openid-provider.js'
import { organization, type SeededOrganization } from '../../support/seed.js'

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const verifier = randomBytes(32).toString('base64url')

let app: TestApp
let acme: SeededOrganization
let provider: Listening
/** The application: it answers with the address that the browser brought. */
let client: Listening
let browser: Browser
let authorizeUrl: string

beforeAll(async () => {
  // The browser has a clock of its own.
  app = await startOAuthApp({}, { clock: () => new Date() })
  provider = await startOpenIdProvider(callbackOf(app), ['ada'])
  client = await listen(({ url }, response) => void response.setHeader('content-type', 'text/html').end(`<p>arrived at ${url}</p>`))
  acme = await organization(app)
  const key = await acme.apiKey({ permissions: ['mcp_server:use', 'mcp_tool:*'] })
  await configureOAuth(acme, key.id, { oidc: { issuer: provider.origin, ...oidcClient } })
  const server = { name: 'Notes', serverLabel: 'notes', serverUrl: 'https://mcp.example/mcp', requireApproval: 'NEVER' }
  const { server: created } = await app.mutate(acme.sandboxKey, 'createMcpServer', server, 'server { id }')
  const issuer = `${app.url}/o/${acme.id}/sandbox`
  const registration = await fetch(`${issuer}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_name: 'A test', redirect_uris: [`${client.origin}/callback`], token_endpoint_auth_method: 'none' }),
  })
  const { client_id } = (await registration.json()) as { client_id: string }
  const parameters = {
    response_type: 'code',
    client_id,
    redirect_uri: `${client.origin}/callback`,
    resource: `${app.url}/mcp/${created.id}`,
    state: 'state of the application',
    code_challenge: hash('sha256', verifier, 'base64url'),
    code_challenge_method: 'S256',
  }
  authorizeUrl = `${issuer}/oauth/authorize?${new URLSearchParams(parameters).toString()}`
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser.close()
  await Promise.all([app.close(), provider.close(), client.close()])
})

const open = (width = 1280): Promise<IsolatedPage> => openIsolatedPage(browser, [app.url, provider.origin, client.origin], width)

/** From the application to the consent page, as a person does. */
async function signIn(page: Page): Promise<void> {
  await page.goto(authorizeUrl)
  await page.getByRole('link', { name: 'ada' }).click()
  await page.getByRole('heading', { name: 'Let A test use Notes?' }).waitFor()
}

/** Runs axe by the debugger, which no policy of the page confines. */
async function findViolations(page: Page): Promise<unknown> {
  const session = await page.context().newCDPSession(page)
  const expression = `${axe.source};axe.run({ runOnly: ${JSON.stringify(rules)} }).then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]))`
  const { result } = await session.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
  await session.detach()
  return result.value
}

test('an end user signs in, consents, and is back at the application with a code', async () => {
  const { page, browserErrors } = await open()
  await signIn(page)
  const cookies = (await page.context().cookies(app.url)).filter(({ name }) => name.startsWith('keyhouse-'))
  expect(cookies.map(({ httpOnly, sameSite, path }) => [httpOnly, sameSite, path])).toEqual([
    [true, 'Lax', '/'],
    [true, 'Lax', '/'],
  ])
  const stored = await readBrowserStorage(page)
  for (const { value } of cookies) expect(stored).not.toContain(value)
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.getByText('arrived at /callback?').waitFor()
  const { searchParams } = new URL(page.url())
  expect([searchParams.get('state'), searchParams.get('iss')]).toEqual(['state of the application', `${app.url}/o/${acme.id}/sandbox`])
  expect(searchParams.get('code')).toMatch(/^[\w-]{43,}$/)
  // A second authorization asks for consent again, and not for the sign-in.
  await page.goto(authorizeUrl)
  await page.getByRole('heading', { name: 'Let A test use Notes?' }).waitFor()
  expect(browserErrors).toEqual([])
})

test('an end user opens a link, signs in, consents at the other service, and the account is connected', async () => {
  const upstream = await OAuthUpstream.start()
  try {
    upstream.asksForConsent = true
    const server = { name: 'Tasks', serverLabel: 'tasks', serverUrl: upstream.serverUrl, requireApproval: 'NEVER' }
    const { server: created } = await app.mutate(acme.sandboxKey, 'createMcpServer', server, 'server { id }')
    const headers = { 'x-on-behalf-of': 'ada' }
    const { url } = await app.mutate(acme.sandboxKey, 'startMcpConnection', { serverId: created.id }, 'url', headers)
    const { page, blockedUrls, browserErrors } = await openIsolatedPage(browser, [app.url, provider.origin, upstream.issuer], 390)
    await page.goto(url)
    await page.getByRole('link', { name: 'ada' }).click()
    await page.getByRole('heading', { name: 'Sign in as jane-upstream' }).waitFor()
    expect(new URL(page.url()).origin).toBe(upstream.issuer)
    await page.getByRole('link', { name: 'Allow' }).click()
    await page.getByRole('heading', { name: 'Tasks is connected' }).waitFor()
    expect(await findViolations(page)).toEqual([])
    await saveScreenshot(page, 'end-user-connected-390')
    // Opened again, it connects nothing.
    await page.goto(url)
    await page.getByRole('heading', { name: 'This link was used before' }).waitFor()
    expect([...blockedUrls, ...browserErrors.filter((text) => !text.includes('the server responded with a status of 4'))]).toEqual([])
    const rows = await acme.credentialRows()
    expect(rows).toMatchObject([{ authType: 'OAUTH', serverId: created.id, sealedRefresh: expect.any(String) }])
  } finally {
    await upstream.close()
  }
})

test('signing out asks for the sign-in again, and the pages run in no frame', async () => {
  const { page, browserErrors } = await open()
  await signIn(page)
  await page.goto(`${app.url}/oauth/sign-out`)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'You are signed out' }).waitFor()
  expect(browserErrors).toEqual([])
  const origins: string[] = []
  page.on('request', (request) => request.isNavigationRequest() && origins.push(new URL(request.url()).origin))
  await page.goto(authorizeUrl)
  // The provider has a session of its own, and answers at once.
  expect(origins).toContain(provider.origin)
  await page.goto(`${client.origin}/page`)
  const refused = page.waitForEvent('console', (message) => message.text().includes('frame-ancestors'))
  await page.evaluate(`document.body.append(Object.assign(document.createElement('iframe'), { src: '${app.url}/oauth/sign-out' }))`)
  await refused
})

test.each([390, 1280])('pages fit %i pixels, in light and dark, and axe finds nothing', async (width) => {
  const { page } = await open(width)
  await signIn(page)
  const addresses = [page.url(), `${app.url}/oauth/sign-out`, `${app.url}/oauth/sign-in/callback?state=x`]
  for (const [i, address] of addresses.entries()) {
    if (i > 0) await page.goto(address)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      expect(await findViolations(page)).toEqual([])
      expect(await contentWidth(page)).toBeLessThanOrEqual(width)
      await saveScreenshot(page, `end-user-${i}-${width}-${colorScheme}`)
    }
  }
})
