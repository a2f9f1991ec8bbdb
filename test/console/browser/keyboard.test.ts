/** The way of a person without a mouse: from the printed link to an approved call, in a real browser. */
import { afterAll, beforeAll, test } from '@jest/globals'
import type { Browser } from 'playwright-core'

import { launchBrowser } from '../../support/browser.js'
import { button, callAfterApproval, clipboardText, openConsolePage, shownText, tabTo } from '../../support/console-page.js'
import { FirstStart } from '../../support/first-start.js'
import type { Listening } from '../../support/local-server.js'
import { everythingServer } from '../../support/mcp.js'

let server: FirstStart
let upstream: Listening
let browser: Browser
beforeAll(async () => {
  upstream = await everythingServer()
  server = await FirstStart.run({ KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1' })
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser.close()
  await server.close()
  await upstream.close()
})

test('a person with the keyboard alone signs in, makes a key, registers a server and approves a call', async () => {
  const page = await openConsolePage(browser, server.origin, 390)
  const press = async (...keys: string[]): Promise<void> => {
    for (const key of keys) await page.keyboard.press(key)
  }
  const goTo = async (screen: string, heading: string): Promise<void> => {
    await press('Control+k')
    await page.getByLabel('Screen, action or id').waitFor()
    await page.keyboard.type(screen)
    await press('Enter')
    await page.getByRole('heading', { name: heading, level: 1 }).waitFor()
  }
  const fill = async (label: string, text: string): Promise<void> => {
    await tabTo(page, page.getByLabel(label, { exact: true }))
    await page.keyboard.type(text)
  }
  const activate = async (name: string, key = 'Enter'): Promise<void> => {
    await tabTo(page, page.getByRole('main').getByRole(key === 'Space' ? 'checkbox' : 'button', { name }))
    await press(key)
  }

  await page.goto(server.link)
  await activate('Sign in')
  await page.getByRole('heading', { name: 'Overview' }).waitFor()

  await goTo('new api', 'New API key')
  await fill('Label', 'by keyboard')
  await fill('Find a permission', 'mcp')
  await activate('Use MCP servers', 'Space')
  await fill('Other permission', 'mcp_tool:echo')
  await press('Enter')
  await page.getByRole('button', { name: 'Remove mcp_tool:echo' }).waitFor()
  await activate('Create key')
  await page.getByRole('dialog').waitFor()
  await tabTo(page, button(page, 'Copy'))
  await press('Enter')
  await button(page, 'Copied').waitFor()
  const key = await clipboardText(page)
  await activate('Done')
  await page.getByRole('heading', { name: 'by keyboard' }).waitFor()

  await goTo('register', 'Register an MCP server')
  await fill('Name', 'By keyboard')
  await fill('Label', 'by-keyboard')
  await fill('URL', `${upstream.origin}/mcp`)
  await press('Enter')
  await page.getByRole('heading', { name: 'By keyboard' }).waitFor()
  await activate('Store credential')
  await tabTo(page, page.getByLabel('Type', { exact: true }))
  await page.keyboard.type('None')
  await press('Enter')
  await activate('Store')
  await page.getByText('The credential was stored.').waitFor()

  await callAfterApproval(await shownText(page, 'Gateway URL'), key, async () => {
    await goTo('approvals', 'Approvals')
    await page.getByRole('list', { name: 'Pending approvals' }).getByRole('link').waitFor()
    await press('j', 'Enter')
    await page.getByRole('region', { name: 'Arguments' }).waitFor()
    await page.waitForTimeout(500)
    await activate('Approve once')
    await page.getByText('approved this').waitFor()
  })
}, 120_000)
