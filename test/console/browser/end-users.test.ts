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
let upstream: OAuthUpstream
let browser: Browser
let clientId: string
let authorizeUrl: string

beforeAll(async () => {
  // The browser has a clock of its own.
  app = await startOAuthApp({}, { clock: () => new Date() })
  provider = await startOpenIdProvider(callbackOf(app), ['ada'])
  client = await listen(({ url }, response) => void response.setHeader('content-type', 'text/html').end(`<p>arrived at ${url}</p>`))
  acme = await organization(app)
  const key = await acme.apiKey({ permissions: ['mcp_server:use', 'mcp_tool:*'] })
  await configureOAuth(acme, key.id, { oidc: { issuer: provider.origin, ...oidcClient } })
  const registration = await fetch(`${app.url}/o/${acme.id}/sandbox/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_name: 'A test', redirect_uris: [`${client.origin}/callback`], token_endpoint_auth_method: 'none' }),
  })
  clientId = ((await registration.json()) as { client_id: string }).client_id
  authorizeUrl = authorizationOf(await newServer('Notes', 'https://mcp.example/mcp'))
  upstream = await OAuthUpstream.start()
  upstream.asksForConsent = true
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser.close()
  await Promise.all([app.close(), provider.close(), client.close(), upstream.close()])
})

async function newServer(name: string, serverUrl: string): Promise<string> {
  const input = { name, serverLabel: name, serverUrl, requireApproval: 'NEVER' }
  const { server } = await app.mutate(acme.sandboxKey, 'createMcpServer', input, 'server { id }')
  return server.id
}

/** Authorization request of the application for a server. */
function authorizationOf(serverId: string): string {
  const parameters = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: `${client.origin}/callback`,
    resource: `${app.url}/mcp/${serverId}`,
    state: 'state of the application',
    code_challenge: hash('sha256', verifier, 'base64url'),
    code_challenge_method: 'S256',
  }
  return `${app.url}/o/${acme.id}/sandbox/oauth/authorize?${new URLSearchParams(parameters).toString()}`
}

const open = (width = 1280): Promise<IsolatedPage> =>
  openIsolatedPage(browser, [app.url, provider.origin, client.origin, upstream.issuer], width)

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

/** Consents at the other service. */
async function allowUpstream(page: Page): Promise<void> {
  await page.getByRole('heading', { name: 'Sign in as jane-upstream' }).waitFor()
  expect(new URL(page.url()).origin).toBe(upstream.issuer)
  await page.getByRole('button', { name: 'Allow' }).click()
}

test('an end user opens a link, signs in, consents at the other service, and the account is connected', async () => {
  const serverId = await newServer('Tasks', upstream.serverUrl)
  const headers = { 'x-on-behalf-of': 'ada' }
  const { url } = await app.mutate(acme.sandboxKey, 'startMcpConnection', { serverId }, 'url', headers)
  const { page, blockedUrls, browserErrors } = await open(390)
  await page.goto(url)
  await page.getByRole('link', { name: 'ada' }).click()
  await allowUpstream(page)
  await page.getByRole('heading', { name: 'Tasks is connected' }).waitFor()
  expect(await findViolations(page)).toEqual([])
  await saveScreenshot(page, 'end-user-connected-390')
  // Opened again, it connects nothing.
  await page.goto(url)
  await page.getByRole('heading', { name: 'This link was used before' }).waitFor()
  expect([...blockedUrls, ...browserErrors.filter((text) => !text.includes('the server responded with a status of 4'))]).toEqual([])
  expect(await acme.credentialRows()).toMatchObject([{ authType: 'OAUTH', serverId, sealedRefresh: expect.any(String) }])
})

test('an end user allows an application, connects the account that it needs, is back at the application, and ends both', async () => {
  const authorization = authorizationOf(await newServer('Mail', upstream.serverUrl))
  const { page, blockedUrls, browserErrors } = await open()
  await page.goto(authorization)
  await page.getByRole('link', { name: 'ada' }).click()
  // Neither policy, of this consent page or of the other service, has the origin where its form ends.
  await page.getByRole('button', { name: 'Allow' }).click()
  await allowUpstream(page)
  await page.getByText('arrived at /callback?').waitFor()
  expect(new URL(page.url()).searchParams.get('code')).toMatch(/^kh_code_/)

  await page.goto(`${app.url}/oauth/account/${acme.projectId}/sandbox`)
  await saveScreenshot(page, 'end-user-account')
  expect(await findViolations(page)).toEqual([])
  await page.getByRole('button', { name: 'Disconnect Mail' }).click()
  await page.getByRole('button', { name: 'Connect Mail', exact: true }).click()
  await allowUpstream(page)
  await page.getByRole('heading', { name: 'Mail is connected' }).waitFor()
  await page.getByRole('link', { name: 'your connections' }).click()
  await page.getByRole('listitem').filter({ hasText: 'uses Mail' }).getByRole('button', { name: 'Revoke the access of A test' }).click()
  await page.getByText('uses Mail').waitFor({ state: 'detached' })

  upstream.intercept = ({ url }, response) => {
    if (!url?.startsWith('/auth?')) return false
    const { searchParams } = new URL(url, upstream.issuer)
    const denial = new URLSearchParams({ error: 'access_denied', state: searchParams.get('state')!, iss: upstream.issuer })
    response.writeHead(303, { location: `${searchParams.get('redirect_uri')}?${denial.toString()}` }).end()
    return true
  }
  await page.getByRole('button', { name: 'Disconnect Mail' }).click()
  await page.getByRole('button', { name: 'Disconnect Mail' }).waitFor({ state: 'detached' })
  await page.goto(authorization)
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.getByRole('heading', { name: 'Nothing was connected' }).waitFor()
  await saveScreenshot(page, 'end-user-not-connected')
  expect(await findViolations(page)).toEqual([])
  await page.getByRole('button', { name: 'Continue to A test without the account' }).click()
  await page.getByText('arrived at /callback?').waitFor()
  expect([...blockedUrls, ...browserErrors.filter((text) => !text.includes('the server responded with a status of 4'))]).toEqual([])
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
