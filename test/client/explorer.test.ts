/** /explorer in a real browser that reaches this server alone, and what each setting of KEYHOUSE_EXPLORER turns on. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { parse, validate } from 'graphql'
import type { Browser } from 'playwright-core'

import { hostedSandboxOrigin } from '../../src/config/config.js'
import { buildSchema } from '../../src/schema.js'
import { startApp, type TestApp } from '../support/app.js'
import { contentWidth, openIsolatedPage, launchBrowser, readBrowserStorage, saveScreenshot } from '../support/browser.js'
import { organization, type SeededOrganization } from '../support/seed.js'

const html = { accept: 'text/html,application/xhtml+xml' }

describe('in a browser without the internet', () => {
  let app: TestApp
  let acme: SeededOrganization
  let browser: Browser
  beforeAll(async () => {
    app = await startApp({ KEYHOUSE_EXPLORER: 'graphiql' })
    acme = await organization(app)
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser.close()
    await app.close()
  })

  test.each([1280, 390])('at %d pixels: runs a query with a header, tells what a name is, and remembers nothing', async (width) => {
    const { page, blockedUrls, browserErrors } = await openIsolatedPage(browser, [app.url], width)
    await page.goto(`${app.url}/explorer`)

    // The preset header is not sent while nothing stands behind it, so the schema is read before there is a key.
    await page.locator('.graphiql-editor-tool .view-line', { hasText: 'Bearer' }).click()
    await page.keyboard.press('End')
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.insertText(acme.sandboxKey)
    await page.locator('.graphiql-execute-button').click()
    await page.locator('.result-window', { hasText: 'SANDBOX' }).waitFor()
    const answered = await page.locator('.result-window').innerText()
    expect(answered.replaceAll('\u00a0', ' ')).toContain('"kind": "API_KEY"')

    await page
      .locator('.graphiql-query-editor .view-line span', { hasText: /^environment$/ })
      .last()
      .hover()
    await page.locator('.monaco-hover', { hasText: 'Null for members, who see both' }).waitFor()
    await saveScreenshot(page, `explorer-${width}`)

    await page.getByRole('button', { name: /documentation/i }).click()
    await page.locator('.graphiql-doc-explorer').getByRole('link', { name: 'Mutation' }).click()
    await page.locator('.graphiql-doc-explorer', { hasText: 'every operation that takes or returns a secret' }).waitFor()
    await saveScreenshot(page, `explorer-docs-${width}`)
    // No scrolling sideways, on a telephone either.
    expect(await contentWidth(page)).toBeLessThanOrEqual(width)

    const left = await readBrowserStorage(page)
    expect(left).toBe(JSON.stringify({ local: {}, session: {}, cookie: '', databases: [], caches: [] }))
    await page.reload()
    await page.locator('.graphiql-editor-tool .view-line', { hasText: 'Bearer' }).waitFor()
    expect(await page.content()).not.toContain(acme.sandboxKey)
    expect({ blockedUrls, browserErrors }).toEqual({ blockedUrls: [], browserErrors: [] })
    await page.context().close()
  })

  test('a browser at /graphql is sent there; programs are not', async () => {
    const visit = (path: string, headers: Record<string, string>): Promise<Response> =>
      fetch(`${app.url}${path}`, { headers, redirect: 'manual' })
    const sent = await visit('/graphql', html)
    expect([sent.status, sent.headers.get('location')]).toEqual([302, '/explorer'])
    expect((await visit('/graphql', { accept: 'application/json' })).status).toBe(400)
    const asked = await visit(`/graphql?query=${encodeURIComponent('{ __typename }')}`, {
      accept: 'text/html, application/json',
      'apollo-require-preflight': '1',
    })
    expect(asked.status).toBe(200)
  })

  test('the page and its files say what they may do, and how long they keep', async () => {
    const page = await fetch(`${app.url}/explorer`)
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(page.headers.get('cache-control')).toBe('no-cache')
    expect(page.headers.get('x-content-type-options')).toBe('nosniff')
    const policy = new Map(
      page.headers
        .get('content-security-policy')!
        .split('; ')
        .map((rule) => [rule.split(' ', 1)[0]!, rule.slice(rule.indexOf(' ') + 1)]),
    )
    expect(Object.fromEntries(policy)).toMatchObject({
      'default-src': `'none'`,
      'script-src': `'self'`,
      'connect-src': `'self'`,
      'frame-ancestors': `'none'`,
      'form-action': `'none'`,
    })
    expect(await (await fetch(`${app.url}/explorer/`)).text()).toBe(await page.text())
    const script = await fetch(`${app.url}/explorer/explorer.js`)
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    const [, digested] = /from"\.\/(chunk-[0-9A-Z]{8}\.js)"/.exec(await script.text())!
    const kept = await fetch(`${app.url}/explorer/${digested}`)
    expect(kept.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    await kept.body?.cancel()
  })

  test.each(['..%2F..%2Fpackage.json', '..%2fmain.js', '%2e%2e%2fcli.js', 'nothing.js', 'explorer.js%00'])(
    '%s is no file of it',
    async (file) => {
      expect((await fetch(`${app.url}/explorer/${file}`)).status).toBe(404)
    },
  )
})

describe('with Sandbox', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await startApp({ KEYHOUSE_URL: 'http://localhost:4000' })
  })
  afterAll(() => app.close())

  test('on loopback a browser at /graphql finds links to Sandbox, prefilled with this endpoint and a first query, and to the explorer', async () => {
    const page = await fetch(`${app.url}/graphql`, { headers: html })
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    const text = await page.text()
    const links = [...text.matchAll(/<a href="([^"]+)"/g)].map(([, link]) => link!.replaceAll('&amp;', '&'))
    const [sandbox, explorer] = links
    expect(links).toHaveLength(2)
    const { origin, pathname, searchParams } = new URL(sandbox!)
    expect([origin, pathname]).toEqual([hostedSandboxOrigin, '/sandbox/explorer'])
    expect(searchParams.get('endpoint')).toBe('http://localhost:4000/graphql')
    const document = searchParams.get('document')!
    expect(validate(buildSchema(), parse(document))).toEqual([])
    expect(document).toContain('X-On-Behalf-Of')
    expect(explorer).toBe('/explorer')
    expect((await fetch(`${app.url}/explorer`)).status).toBe(200)
  })

  test('that page runs no script, loads nothing, and its own style applies under its policy', async () => {
    const answer = await fetch(`${app.url}/graphql`, { headers: html })
    const policy = answer.headers.get('content-security-policy')!
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/=]+'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    )
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(await answer.text()).not.toMatch(/<script|<iframe|\son\w+=|src=/)
    const browser = await launchBrowser()
    try {
      for (const width of [1280, 390]) {
        const { page, blockedUrls, browserErrors } = await openIsolatedPage(browser, [app.url], width)
        await page.goto(`${app.url}/graphql`)
        expect(await page.locator('h1').innerText()).toBe('Keyhouse GraphQL API')
        const family = '() => getComputedStyle(document.body).fontFamily'
        expect(await page.evaluate(`(${family})()`)).toContain('system-ui')
        expect(await contentWidth(page)).toBeLessThanOrEqual(width)
        await saveScreenshot(page, `landing-${width}`)
        await page.getByRole('link', { name: 'GraphiQL' }).click()
        await page.waitForURL('**/explorer')
        expect({ blockedUrls, browserErrors }).toEqual({ blockedUrls: [], browserErrors: [] })
        await page.context().close()
      }
    } finally {
      await browser.close()
    }
  })

  test('the hosted one may call: its preflight is answered with every header that it sends, and CSRF prevention stays on', async () => {
    const preflight = await fetch(`${app.url}/graphql`, {
      method: 'OPTIONS',
      headers: {
        origin: hostedSandboxOrigin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,x-on-behalf-of,apollo-require-preflight',
        'access-control-request-private-network': 'true',
      },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe(hostedSandboxOrigin)
    const allowed = preflight.headers.get('access-control-allow-headers')?.split(', ')
    expect(allowed).toEqual(expect.arrayContaining(['authorization', 'content-type', 'x-on-behalf-of', 'apollo-require-preflight']))
    expect(preflight.headers.get('access-control-allow-private-network')).toBe('true')
    expect(preflight.headers.get('access-control-allow-credentials')).toBeNull()

    const asked = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { origin: hostedSandboxOrigin, 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ __typename }' }),
    })
    expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([200, hostedSandboxOrigin])
    expect(asked.headers.get('access-control-expose-headers')).toContain('x-request-id')

    // What a form of any page could send without a preflight is refused.
    const simple = await fetch(`${app.url}/graphql?query=${encodeURIComponent('{ __typename }')}`, {
      headers: { origin: hostedSandboxOrigin },
    })
    expect(simple.status).toBe(400)
  })
})

test('switched off there is neither', async () => {
  const app = await startApp({ KEYHOUSE_EXPLORER: 'off' })
  try {
    expect((await fetch(`${app.url}/explorer`)).status).toBe(404)
    expect((await fetch(`${app.url}/explorer/explorer.js`)).status).toBe(404)
    const page = await fetch(`${app.url}/graphql`, { headers: html })
    expect(page.status).toBe(406)
    expect(await page.text()).not.toContain('<html')
  } finally {
    await app.close()
  }
})
