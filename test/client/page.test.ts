/** A React page with the hooks of the packed client, in a real browser, on another origin than the server. */
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { build } from 'esbuild'
import type { Browser } from 'playwright-core'

import { startApp, type TestApp } from '../support/app.js'
import { contentWidth, openIsolatedPage, launchBrowser, readBrowserStorage, saveScreenshot } from '../support/browser.js'
import { installClient } from '../support/client-package.js'
import { organization, type SeededOrganization } from '../support/seed.js'

const files: Record<string, { type: string; text: string }> = {
  '/': {
    type: 'text/html',
    text: '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Page</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/page.css"><div id="page"></div><script type="module" src="/page.js"></script>',
  },
  '/page.css': { type: 'text/css', text: readFileSync(resolve(import.meta.dirname, '../../client/test/page.css'), 'utf8') },
}

let site: Server
let origin: string
let app: TestApp
let acme: SeededOrganization
let browser: Browser
beforeAll(async () => {
  const client = await installClient()
  client.beside('react', 'react-dom', 'scheduler', '@tanstack/react-query')
  const { outputFiles } = await build({
    entryPoints: [client.bring('page.js')],
    bundle: true,
    write: false,
    format: 'esm',
    define: { 'process.env.NODE_ENV': '"production"' },
  })
  files['/page.js'] = { type: 'text/javascript', text: outputFiles[0]!.text }
  client.remove()

  site = createServer((request, response) => {
    const file = files[request.url ?? '']
    const policy = `default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src ${app.url}`
    response.writeHead(file ? 200 : 404, { 'content-type': file?.type ?? 'text/plain', 'content-security-policy': policy }).end(file?.text)
  })
  await new Promise<void>((listening) => site.listen(0, '127.0.0.1', listening))
  origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
  app = await startApp({ KEYHOUSE_CORS_ORIGINS: origin })
  acme = await organization(app)
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser.close()
  site.closeAllConnections()
  site.close()
  await app.close()
})

/** All that TanStack Query holds, as a tool or a persister would read it. */
const cached = `JSON.stringify([
  queryClient.getQueryCache().getAll().map(({ queryKey, state }) => ({ queryKey, state })),
  queryClient.getMutationCache().getAll().map(({ state, options }) => ({ state, options })),
])`

test.each([1280, 390])('at %d pixels: makes a key, shows it once, lists it, and keeps its text nowhere', async (width) => {
  const { page, blockedUrls, browserErrors } = await openIsolatedPage(browser, [origin, app.url], width)
  await page.addInitScript(`globalThis.keyhouse = ${JSON.stringify({ url: app.url, credential: acme.sandboxKey })}`)
  await page.goto(origin)
  await page.getByRole('listitem').first().waitFor()
  await page.getByLabel('Label').fill(`Page ${width}`)
  await page.getByRole('button', { name: 'Create' }).click()
  const secret = await page.locator('output code').innerText()
  expect(secret).toMatch(/^kh_sand_[0-9A-Za-z]{38}$/)

  // The list is read anew after the mutation.
  await page
    .getByRole('listitem')
    .filter({ hasText: `Page ${width}` })
    .waitFor()
  expect(
    await page
      .getByRole('listitem')
      .filter({ hasText: `Page ${width}` })
      .innerText(),
  ).toContain(`kh_sand_****${secret.slice(-4)}`)
  await saveScreenshot(page, `page-${width}`)
  expect(await contentWidth(page)).toBeLessThanOrEqual(width)

  const held = await page.evaluate<string>(cached)
  expect(held).toContain(`Page ${width}`)
  expect(held).not.toContain(secret)
  expect(held).not.toContain(acme.sandboxKey)

  // Its component gone, the mutation is gone too.
  await page.getByRole('button', { name: 'Close' }).click()
  await page.locator('output').waitFor({ state: 'detached' })
  await page.waitForFunction('queryClient.getMutationCache().getAll().length === 0')
  expect(await page.content()).not.toContain(secret)
  expect(await readBrowserStorage(page)).toBe(JSON.stringify({ local: {}, session: {}, cookie: '', databases: [], caches: [] }))
  expect({ blockedUrls, browserErrors }).toEqual({ blockedUrls: [], browserErrors: [] })
  await page.context().close()
})

test.each([1280, 390])(
  'at %d pixels: an end user with an exchanged token stores a credential of their own, and lists it',
  async (width) => {
    const server = await app.mutate(
      acme.sandboxKey,
      'createMcpServer',
      { name: `Notes ${width}`, serverLabel: `notes-${width}`, serverUrl: 'https://mcp.example.com/mcp' },
      'server { id }',
    )
    // What a product's backend does for its page: a token for this server, for one user, good for little.
    const exchanged = await app.mutate(
      acme.sandboxKey,
      'exchangeApiKey',
      {
        audience: app.config.url,
        externalUserId: `user-${width}`,
        permissions: ['mcp_server:read', 'mcp_credential:create', 'mcp_credential:read'],
      },
      'token',
    )
    const { page, blockedUrls, browserErrors } = await openIsolatedPage(browser, [origin, app.url], width)
    await page.addInitScript(
      `globalThis.keyhouse = ${JSON.stringify({ url: app.url, credential: exchanged.token, server: server.server.id })}`,
    )
    await page.goto(origin)
    await page.getByText('None yet.').waitFor()
    const secret = `upstream-${width}-token-5678`
    await page.getByLabel('Name').fill('My notes')
    await page.getByLabel('Token').fill(secret)
    await page.getByRole('button', { name: 'Store' }).click()
    const stored = page.getByRole('listitem').filter({ hasText: 'My notes' })
    await stored.waitFor()
    expect(await stored.innerText()).toContain('****...5678')
    expect(await page.locator('output').innerText()).toBe('Stored as My notes. It is never shown again.')
    await saveScreenshot(page, `page-mcp-${width}`)
    expect(await contentWidth(page)).toBeLessThanOrEqual(width)

    // What was given is nowhere: not in the caches, not in the page, not in what the browser keeps.
    expect(await page.evaluate<string>(cached)).not.toContain(secret)
    expect(await page.content()).not.toContain(secret)
    expect(await readBrowserStorage(page)).not.toContain('upstream')
    expect({ blockedUrls, browserErrors }).toEqual({ blockedUrls: [], browserErrors: [] })
    await page.context().close()
  },
)

test('a refusal is told in the page, in words', async () => {
  const { page } = await openIsolatedPage(browser, [origin, app.url], 390)
  await page.addInitScript(`globalThis.keyhouse = ${JSON.stringify({ url: app.url, credential: acme.sandboxKey })}`)
  await page.goto(origin)
  await page.getByRole('button', { name: 'Create' }).click()
  expect(await page.locator('form [role=alert]').innerText()).toMatch(/^createApiKey was refused\. .*label/)
  await saveScreenshot(page, 'page-refused-390')
  await page.context().close()
})

test('two clients in one cache do not see each other’s rows', async () => {
  const other = await organization(app)
  const { page } = await openIsolatedPage(browser, [origin, app.url], 390)
  await page.addInitScript(`globalThis.keyhouse = ${JSON.stringify({ url: app.url, credential: other.sandboxKey })}`)
  await page.goto(origin)
  await page.getByRole('listitem').first().waitFor()
  const keys = await page.evaluate<string[][]>('queryClient.getQueryCache().getAll().map(({ queryKey }) => queryKey)')
  expect(keys.map(([kind]) => kind)).toEqual(['keyhouse', 'keyhouse'])
  expect(new Set(keys.map(([, id]) => id)).size).toBe(1)
  await page.reload()
  await page.getByRole('listitem').first().waitFor()
  const again = await page.evaluate<string[][]>('queryClient.getQueryCache().getAll().map(({ queryKey }) => queryKey)')
  // Another client, another id: what was kept of an earlier one is never found.
  expect(again[0]![1]).not.toBe(keys[0]![1])
  await page.context().close()
})

test('a suspending component shows when its data is there, and a list grows page by page until its end', async () => {
  const globex = await organization(app)
  for (const label of ['one', 'two', 'three', 'four']) await globex.apiKey({ label })
  const { page, browserErrors } = await openIsolatedPage(browser, [origin, app.url], 1280)
  await page.addInitScript(`globalThis.keyhouse = ${JSON.stringify({ url: app.url, credential: globex.adminToken, all: true })}`)
  await page.goto(origin)
  await page.getByRole('heading').waitFor()
  const items = page.getByRole('listitem')
  const more = page.getByRole('button', { name: 'More' })
  await items.nth(1).waitFor()
  expect(await items.allInnerTexts()).toEqual(['four', 'three'])
  await more.click()
  await items.nth(3).waitFor()
  await more.click()
  await more.waitFor({ state: 'detached' })
  // The last is the key that the organization began with.
  expect((await items.allInnerTexts()).slice(0, 4)).toEqual(['four', 'three', 'two', 'one'])
  expect(await items.count()).toBe(5)
  expect(browserErrors).toEqual([])
  await page.context().close()
})

test('a list that was read before a mutation and arrives after it is read anew', async () => {
  const initech = await organization(app)
  const { page } = await openIsolatedPage(browser, [origin, app.url], 1280)
  let isHeld = false
  const created = page.waitForResponse((response) => response.request().postData()?.includes('mutation CreateApiKey') ?? false)
  await page.route(`${app.url}/graphql`, async (route) => {
    if (isHeld || !route.request().postData()?.includes('query ApiKeys')) return route.fallback()
    isHeld = true
    const response = await route.fetch()
    await created
    // Unless the page has aborted the request.
    await route.fulfill({ response }).catch(() => undefined)
  })
  await page.addInitScript(`globalThis.keyhouse = ${JSON.stringify({ url: app.url, credential: initech.sandboxKey })}`)
  await page.goto(origin)
  await page.getByText('Loading…').waitFor()
  await page.getByLabel('Label').fill('New')
  await page.getByRole('button', { name: 'Create' }).click()
  await page.getByRole('listitem').filter({ hasText: 'New' }).waitFor()
  await page.context().close()
})
