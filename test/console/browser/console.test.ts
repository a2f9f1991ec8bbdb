/** The console in a real browser: accessibility, its policy, secrets, and the keyboard alone. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import axe from 'axe-core'
import type { Browser, Page } from 'playwright-core'

import type { MemberRole } from '../../../src/entities/enums.js'
import { contentWidth, launchBrowser, openIsolatedPage, readBrowserStorage, saveScreenshot } from '../../support/browser.js'
import type { IsolatedPage } from '../../support/browser.js'
import { Gateway } from '../../support/gateway.js'
import { createIdIn, type ResourceScope } from '../../support/resources.js'

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** Window width in pixels and color scheme of each look; `npm run test:long` takes all four. */
declare const looks: readonly string[]

let world: Gateway
let serverId: string
let browser: Browser
beforeAll(async () => {
  // The browser has a clock of its own.
  world = await Gateway.start({ clock: () => new Date() }, { KEYHOUSE_URL: 'http://localhost:4000' })
  serverId = await world.server({ requireApproval: 'ALWAYS' })
  await world.credential(serverId, { none: 'NONE' })
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser.close()
  await world.close()
})

const at = (path: string): string => `${world.app.url}/console${path}`

/** Token of a link for a new member. */
async function signInToken(role: MemberRole = 'ADMIN'): Promise<string> {
  const { memberId } = await world.acme.member(role)
  return (await world.app.mutate(world.acme.adminToken, 'createSignInToken', { memberId }, 'signInToken')).signInToken
}

async function signIn(width = 1280, token?: string): Promise<IsolatedPage> {
  const isolated = await openIsolatedPage(browser, [world.app.url], width)
  await isolated.page.goto(at(`/#sign-in=${token ?? (await signInToken())}`))
  await isolated.page.getByRole('button', { name: 'Sign in' }).click()
  await isolated.page.getByRole('heading', { name: 'Overview' }).waitFor()
  return isolated
}

async function open(page: Page, path: string): Promise<void> {
  await page.goto(at(path))
  await page.locator('h1').waitFor()
  await page.waitForLoadState('networkidle')
}

const askForApproval = async (name: string, args: object): Promise<string> =>
  (await world.call(serverId, world.acme.sandboxKey, name, args)).body.error.data.approvalId

/** Runs axe by the debugger, which no policy of the page confines. */
async function findViolations(page: Page): Promise<unknown> {
  const session = await page.context().newCDPSession(page)
  const expression = `${axe.source};axe.run({ runOnly: ${JSON.stringify(rules)} }).then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]))`
  const { result } = await session.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
  await session.detach()
  return result.value
}

test('every screen is accessible, fits its window, and keeps the policy, on narrow and wide windows, light and dark', async () => {
  const key = await world.acme.apiKey({ label: 'ci' })
  const approvalId = await askForApproval('echo', { text: 'Invoice \u202Efdp.exe' })
  const { acme, app } = world
  await app.mutate(acme.sandboxKey, 'exchangeApiKey', { externalUserId: 'user-1', audience: 'https://api.example.com' }, 'token')
  const { data } = await app.run(acme.adminToken, '{ endUsers { nodes { id } } }')
  const endUserId = data.endUsers.nodes[0]!.id
  const events = (await app.run(acme.adminToken, '{ auditEvents(first: 1) { nodes { id } } }')).data
  const { page, browserErrors, blockedUrls } = await signIn()
  // Leaving the overview earlier would abort its requests.
  await page.waitForLoadState('networkidle')
  const organizationPaths = ['/people', '/people?list=invitations', '/people?list=tokens', '/people/invite', '/settings']
  const paths = ['/', '/keys', '/keys/new', `/keys/${key.id}`, `/keys/${key.id}/edit`, '/approvals', `/approvals/${approvalId}`]
  const insightPaths = ['/audit', `/audit?event=${events.auditEvents.nodes[0]!.id}`, '/usage']
  const mcpPaths = ['/servers', '/servers/new', `/servers/${serverId}`, `/servers/${serverId}/edit`]
  const userPaths = ['/tokens', '/end-users', `/end-users/${endUserId}`]
  const scope: ResourceScope = { app, organization: acme, projectId: acme.projectId, environment: 'SANDBOX', externalUserId: 'user-1' }
  await createIdIn('grant', scope)
  await createIdIn('mcp_cli', scope)
  const oauthPaths = [
    '/oauth',
    '/oauth/clients',
    '/oauth/configurations/new',
    `/oauth/configurations/${await createIdIn('oauth_cfg', scope)}`,
  ]
  for (const path of [
    ...paths,
    ...mcpPaths,
    ...userPaths,
    ...oauthPaths,
    ...insightPaths,
    ...organizationPaths,
    '/me',
    '/me/tokens/new',
    '/no-such-screen',
  ]) {
    await open(page, path)
    for (const look of looks) {
      const [width, colorScheme] = look.split(' ') as [string, 'light' | 'dark']
      await page.setViewportSize({ width: Number(width), height: 900 })
      await page.emulateMedia({ colorScheme })
      const found = { path, look, violations: await findViolations(page), contentWidth: await contentWidth(page) }
      expect(found).toEqual({ path, look, violations: [], contentWidth: Number(width) })
      await saveScreenshot(page, `console${path.replaceAll('/', '-')}-${width}-${colorScheme}`)
    }
  }
  // Leaving a screen aborts a poll in flight.
  const errors = browserErrors.filter((text) => !text.endsWith('/console/graphql: net::ERR_ABORTED'))
  expect({ errors, blockedUrls }).toEqual({ errors: [], blockedUrls: [] })
}, 400_000)

test('the screens without a session are accessible, and a link spends nothing before the button', async () => {
  const token = await signInToken()
  const { page, browserErrors } = await openIsolatedPage(browser, [world.app.url], 390)
  for (const [hash, heading] of [
    ['', 'Sign in to Keyhouse'],
    [`#sign-in=${token}`, 'Sign in to Keyhouse'],
    ['#invitation=kh_invite_x', 'Join Keyhouse'],
  ] as const) {
    // After the first, only the fragment changes.
    await page.goto(at(`/${hash}`))
    await page.getByRole('heading', { name: heading }).waitFor()
    expect(await findViolations(page)).toEqual([])
    expect(page.url()).not.toContain('kh_')
  }
  await page.close()
  expect((await signIn(390, token)).page.url()).toBe(at('/'))
  expect(browserErrors).toEqual([])
})

test('a key is made with the keyboard alone, and its secret leaves the page with the dialog', async () => {
  const { page } = await signIn()
  const press = async (...keys: string[]): Promise<void> => {
    for (const key of keys) await page.keyboard.press(key)
  }
  await press('g', 'k')
  await page.getByRole('heading', { name: 'API keys' }).waitFor()
  await press('n')
  await page.getByRole('heading', { name: 'New API key' }).waitFor()
  await press('Tab')
  await page.keyboard.type('from the keyboard')
  await press('Enter')
  const secret = await page.getByRole('dialog').locator('code').textContent()
  expect(secret).toMatch(/^kh_sand_/)

  await press('Escape')
  await page.getByRole('button', { name: 'Done' }).press('Enter')
  await page.getByRole('button', { name: 'Close without copying' }).press('Enter')
  await page.getByRole('heading', { name: 'from the keyboard' }).waitFor()
  expect(await page.content()).not.toContain(secret)
  expect(await readBrowserStorage(page)).not.toContain(secret)
  expect(page.url()).not.toContain(secret)
})

test('a refused form keeps what was typed, and the error stands at its field', async () => {
  const { page } = await signIn()
  await open(page, '/keys/new')
  await page.getByLabel('Label', { exact: true }).fill('typed')
  await page.getByText('Limits:').click()
  await page.getByRole('textbox', { name: 'Allowed audiences' }).fill('not a URL')
  await page.getByRole('button', { name: 'Create key' }).click()
  await page.locator('textarea[name=allowedAudiences][aria-invalid=true]').waitFor()
  expect(await page.getByLabel('Label', { exact: true }).inputValue()).toBe('typed')
})

test('a session that was revoked keeps the screen under a dialog', async () => {
  const { page } = await signIn()
  await open(page, '/keys/new')
  await page.getByLabel('Label', { exact: true }).fill('typed')
  await page.context().clearCookies()
  await page.getByRole('button', { name: 'Create key' }).click()
  await page.getByRole('dialog', { name: 'Your session has ended' }).waitFor()
  expect(await page.locator('input[name=label]').inputValue()).toBe('typed')
})

test('forced colors tell the current screen and a disabled button apart, and with reduced motion nothing is animated', async () => {
  const { page } = await signIn()
  await page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' })
  await open(page, `/servers/${serverId}/edit`)
  const styleOf = (selector: string, property: string): Promise<string> =>
    page.evaluate<string>(`getComputedStyle(document.querySelector('${selector}')).getPropertyValue('${property}')`)
  expect(await styleOf('nav li[aria-current] a', 'border-top-style')).toBe('solid')
  expect(await styleOf('nav li:not([aria-current]) a', 'border-top-style')).toBe('none')
  const disabled = await styleOf('main button[aria-disabled=true]', 'color')
  expect(disabled).not.toBe(await styleOf('header button', 'color'))
  await page.keyboard.press('Control+k')
  await page.getByRole('dialog').waitFor()
  expect(await page.evaluate<number>('document.getAnimations().length')).toBe(0)
})

test('a READER sees what it may read, and each button that it may not use says what it needs', async () => {
  const { page, browserErrors } = await signIn(1280, await signInToken('READER'))
  await page.getByRole('link', { name: 'API keys' }).first().click()
  const button = page.getByRole('button', { name: 'New key' })
  await button.waitFor()
  expect(await button.getAttribute('aria-disabled')).toBe('true')
  await button.focus()
  expect(await page.getByRole('tooltip').textContent()).toBe('Needs api_key:create. Ask an ADMIN.')
  await button.press('Enter')
  expect(page.url()).toBe(at('/keys'))
  await open(page, '/')
  expect(await page.getByRole('heading', { name: 'Latest refusals' }).count()).toBe(0)
  expect(browserErrors).toEqual([])
})
