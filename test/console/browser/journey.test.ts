/** The way of a person who has nothing but the printed link, in a real browser. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'

import { launchBrowser, saveScreenshot } from '../../support/browser.js'
import { button, callAfterApproval, copySecret, link, openConsolePage, runShown, shownText } from '../../support/console-page.js'
import { FirstStart } from '../../support/first-start.js'
import type { Listening } from '../../support/local-server.js'
import { everythingServer } from '../../support/mcp.js'

/** Window width in pixels and color scheme of each journey; `npm run test:long` takes all four. */
declare const journeys: readonly string[]

let server: FirstStart
let upstream: Listening
let browser: Browser
beforeAll(async () => {
  upstream = await everythingServer()
  browser = await launchBrowser()
})
beforeEach(async () => {
  server = await FirstStart.run({ KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1' })
})
afterEach(() => server.close())
afterAll(async () => {
  await browser.close()
  await upstream.close()
})

async function nameThings(page: Page): Promise<void> {
  for (const [label, name, done] of [
    ['Your name', 'Ada', 'Your name was changed.'],
    ['Name of the organization', 'Acme', 'The organization was renamed.'],
  ] as const) {
    const field = page.getByLabel(label)
    await field.fill(name)
    await page.locator('form').filter({ has: field }).getByRole('button', { name: 'Save' }).click()
    await page.getByText(done).waitFor()
  }
}

/** Makes a key for an agent, and returns its secret. */
async function makeKey(page: Page): Promise<string> {
  await page.getByLabel('Label', { exact: true }).fill('my agent')
  await page.getByLabel('Find a permission').fill('mcp')
  await page.getByLabel('Use MCP servers').check()
  await page.getByLabel('Call MCP tools').check()
  await button(page, 'Create key').click()
  return copySecret(page)
}

/** Registers the server, tests it, and stores that it needs no credential. Returns the URL for agents. */
async function registerServer(page: Page): Promise<string> {
  await link(page, 'Register server').click()
  await page.getByLabel('Name', { exact: true }).fill('Everything')
  await page.getByLabel('Label', { exact: true }).fill('everything')
  await page.getByLabel('URL', { exact: true }).fill(`${upstream.origin}/mcp`)
  await button(page, 'Register').click()
  await button(page, 'Test').click()
  await page.getByText('Connected').waitFor()
  await button(page, 'Store credential').click()
  await page.getByLabel('Type', { exact: true }).selectOption('none')
  await button(page, 'Store').click()
  await page.getByText('The credential was stored.').waitFor()
  return shownText(page, 'Gateway URL')
}

/** Adds a personal token, which the console shows again until five minutes have passed, and not later. */
async function addToken(page: Page): Promise<void> {
  await link(page, 'Add Token').click()
  await page.getByLabel('Description').fill('my laptop')
  await button(page, 'Create').click()
  const token = await copySecret(page)
  const { data } = await server.app.run(token, '{ personalTokens(first: 1) { nodes { visibleUntil } } }')
  const visibleUntil = Date.parse(data.personalTokens.nodes[0]!.visibleUntil)
  const actions = page.getByRole('row', { name: 'my laptop' }).getByRole('button', { name: 'Actions' })
  const showAgain = page.getByRole('menuitem', { name: /^Show again/ })

  server.stopClockAt(new Date(visibleUntil - 1))
  await actions.click()
  await showAgain.click()
  expect(await copySecret(page)).toBe(token)
  // The browser's clock still offers it; the server decides.
  server.stopClockAt(new Date(visibleUntil))
  await actions.click()
  await showAgain.click()
  await page.getByRole('alert').getByText('The personal token can be revealed for five minutes after its creation only.').waitFor()

  await page.clock.setSystemTime(visibleUntil - 10_000)
  await actions.click()
  await page.getByRole('menuitem', { name: /^Show again \(0:(10|0\d) left\)$/ }).waitFor()
  await page.clock.setSystemTime(visibleUntil)
  await showAgain.waitFor({ state: 'detached' })
  await page.keyboard.press('Escape')
}

test.each(journeys)(
  'a person with nothing but the printed link gets an agent to work, and finds all of it in the trail: %s',
  async (look) => {
    const [width, colorScheme] = look.split(' ') as [string, 'light' | 'dark']
    const page = await openConsolePage(browser, server.origin, Number(width))
    await page.emulateMedia({ colorScheme })
    await page.goto(server.link)
    await button(page, 'Sign in').click()
    await page.getByText('You are Admin of My organization.').waitFor()
    await nameThings(page)
    await saveScreenshot(page, 'journey-first-steps')

    await link(page, 'Create a key').click()
    const key = await makeKey(page)
    await page.getByText('Never used.').waitFor()
    expect(JSON.parse(await runShown(await shownText(page, 'First request'), key)).data.viewer.kind).toBe('API_KEY')
    await page.getByText('Never used.').waitFor({ state: 'detached' })
    await link(page, 'Overview').click()
    await page.getByText(/^Seen (now|\d+ seconds? ago)$/).waitFor()
    await saveScreenshot(page, 'journey-seen')
    expect(JSON.parse(await runShown(await shownText(page, 'Exchange'), key)).data.exchangeApiKey.userErrors).toEqual([])
    await page.getByRole('heading', { name: 'Exchange the key for an access token (done)' }).waitFor()

    await link(page, 'MCP servers').click()
    const gatewayUrl = await registerServer(page)
    await callAfterApproval(gatewayUrl, key, async () => {
      await link(page, 'Approvals').click()
      await page.getByRole('list', { name: 'Pending approvals' }).getByRole('link').click()
      await page.getByRole('region', { name: 'Arguments' }).getByText('"message": "Hello"').waitFor()
      await saveScreenshot(page, 'journey-approval')
      // The button ignores presses for its first half second.
      await page.waitForTimeout(500)
      await button(page, 'Approve once').click()
      await page.getByText('Ada approved this').waitFor()
    })

    await link(page, 'People').click()
    await link(page, 'Invite').click()
    await page.getByLabel('E-mail').fill('grace@example.com')
    await button(page, 'Invite').click()
    const colleague = await openConsolePage(browser, server.origin, 390)
    await colleague.goto(await copySecret(page))
    await colleague.getByLabel('Your name').fill('Grace')
    await button(colleague, 'Join').click()
    await colleague.getByText('You are Grace of Acme.').waitFor()

    await link(page, 'You').click()
    await addToken(page)

    await link(page, 'Audit trail').click()
    await page.getByRole('table').waitFor()
    // A row is a line of cells, or a card on a narrow window.
    const rows = (await page.getByRole('row').allInnerTexts()).map((text) =>
      text
        .split(/\s*[\n\t]\s*/)
        .slice(1, 3)
        .join(': '),
    )
    for (const row of [
      'Ada: Sign in',
      'Ada: Change own name',
      'Ada: Change the organization',
      'Ada: Create API keys',
      'my agent: Exchange API keys for access tokens',
      'Ada: Register MCP servers',
      'Ada: Test MCP servers',
      'Ada: Store credentials',
      'my agent: Request approvals',
      'Ada: Decide approvals',
      'my agent: Use approvals',
      'my agent: Call MCP tools',
      'Ada: Invite people',
      'Grace: Accept invitations',
      'Ada: Create personal tokens',
      'Ada: Reveal personal tokens',
    ])
      expect(rows).toContain(row)
    await saveScreenshot(page, 'journey-trail')
  },
  120_000,
)
