/** MCP servers, access tokens and end users of the console in a real browser. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'

import { launchBrowser, openIsolatedPage, readBrowserStorage } from '../../support/browser.js'
import { Gateway, rpcResult, sendJson } from '../../support/gateway.js'

let world: Gateway
let browser: Browser
beforeAll(async () => {
  // The browser has a clock of its own.
  world = await Gateway.start({ clock: () => new Date() }, { KEYHOUSE_URL: 'http://localhost:4000' })
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser.close()
  await world.close()
})

async function open(path: string): Promise<Page> {
  const { memberId } = await world.acme.member('ADMIN')
  const { signInToken } = await world.app.mutate(world.acme.adminToken, 'createSignInToken', { memberId }, 'signInToken')
  const { page } = await openIsolatedPage(browser, [world.app.url], 1280)
  await page.goto(`${world.app.url}/console/#sign-in=${signInToken}`)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  await page.goto(`${world.app.url}/console${path}`)
  return page
}

test('the tools that a test lists become the allowed tools, with invisible characters shown', async () => {
  world.upstream.answer = ({ response, body }) => {
    if (body.method === 'tools/list') {
      const tools = ['echo', 'pay\u202E'].map((name) => ({ name, inputSchema: { type: 'object' } }))
      sendJson(response, rpcResult(body.id, { tools }))
    } else if (body.method === 'initialize') {
      const serverInfo = { name: 'double', version: '1' }
      sendJson(response, rpcResult(body.id, { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo }))
    } else sendJson(response, '', 202)
  }
  const serverId = await world.server()
  const page = await open(`/servers/${serverId}`)
  await page.getByRole('button', { name: 'Test' }).click()
  await page.getByText('Connected').waitFor()
  await page.getByLabel('Chosen tools').check()
  await page.getByText('pay⟨U+202E⟩').waitFor()
  await page.getByRole('checkbox', { name: 'echo' }).check()
  await page.getByRole('button', { name: 'Save tools' }).click()
  await page.getByText('The allowed tools were changed.').waitFor()
  const { data } = await world.app.run(world.acme.adminToken, 'query ($id: ID!) { mcpServer(id: $id) { allowedTools } }', { id: serverId })
  expect(data.mcpServer?.allowedTools).toEqual(['echo'])
})

test('a stored credential leaves its preview only, and deleting the server takes its label', async () => {
  const page = await open(`/servers/${await world.server({ serverLabel: 'tracker' })}`)
  await page.getByRole('button', { name: 'Store credential' }).click()
  await page.getByLabel('Value').fill('tok_canary_1234567890')
  await page.getByRole('button', { name: 'Store', exact: true }).click()
  await page.getByText('****...7890').waitFor()
  expect(`${await page.content()}${await readBrowserStorage(page)}${page.url()}`).not.toContain('tok_canary')

  await page.getByRole('button', { name: 'Delete' }).click()
  const confirm = page.getByRole('dialog').getByRole('button', { name: 'Delete' })
  expect(await confirm.getAttribute('aria-disabled')).toBe('true')
  await page.getByLabel('Type tracker').fill('tracker')
  await confirm.click()
  await page.getByText('The server was deleted, and 1 credential was revoked.').waitFor()
})

test('a pasted key or token is checked, and leaves the page', async () => {
  const { app, acme } = world
  const input = { externalUserId: 'user-1', audience: 'https://api.example.com' }
  const { token } = await app.mutate(acme.sandboxKey, 'exchangeApiKey', input, 'token')
  const page = await open('/tokens')
  for (const [pasted, verdict] of [
    [token, 'Keyhouse accepts this token.'],
    [acme.sandboxKey, 'Keyhouse accepts this key.'],
    ['kh_sand_unknown', 'No API key of this organization has this secret.'],
  ] as const) {
    await page.getByLabel('Access token or API key').fill(pasted)
    await page.getByRole('button', { name: 'Check' }).click()
    await page.getByText(verdict).waitFor()
    expect(`${await page.content()}${await readBrowserStorage(page)}${page.url()}`).not.toContain(pasted)
    expect(await page.getByLabel('Access token or API key').inputValue()).toBe('')
  }
})

test('forgetting an end user takes its external id', async () => {
  const { app, acme } = world
  await app.mutate(acme.sandboxKey, 'exchangeApiKey', { externalUserId: 'user-2', audience: 'https://api.example.com' }, 'token')
  const page = await open('/end-users')
  await page.getByRole('link', { name: 'user-2' }).click()
  await page.getByRole('button', { name: 'Forget' }).click()
  await page.getByLabel('Type user-2').fill('user-2')
  await page.getByRole('dialog').getByRole('button', { name: 'Forget' }).click()
  await page.getByText('Forgotten. Access tokens revoked: 1. Credentials wiped: 0. Servers deleted: 0.').waitFor()
})
