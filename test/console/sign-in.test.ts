/** Signing in to the console in a real browser, by the link that the first start prints. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser } from 'playwright-core'

import { startApp, type TestApp } from '../support/app.js'
import { launchBrowser, openIsolatedPage } from '../support/browser.js'
import { consoleEnv } from '../support/console.js'
import { organization } from '../support/seed.js'

let app: TestApp
let browser: Browser
beforeAll(async () => {
  app = await startApp(consoleEnv)
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser.close()
  await app.close()
})

test('the link signs in under the strict policy, leaves the address bar, and no script reads the cookie', async () => {
  const acme = await organization(app)
  const signInToken = await acme.signInToken()
  const { page, blockedUrls, browserErrors } = await openIsolatedPage(browser, [app.url], 1280)
  await page.goto(`${app.url}/console#sign-in=${signInToken}`)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForFunction(() => localStorage.length > 0)
  const session = await page.evaluate(async () => {
    const [sessionKey = ''] = Object.values(localStorage) as string[]
    const response = await fetch('/console/session', { headers: { 'x-keyhouse-session-key': sessionKey } })
    return (await response.json()) as object
  })
  expect(session).toMatchObject({ url: consoleEnv.KEYHOUSE_URL, expiresAt: expect.any(String) })
  expect(await page.evaluate<string>('document.cookie')).toBe('')
  expect(page.url()).not.toContain(signInToken)
  expect([...blockedUrls, ...browserErrors]).toEqual([])
})
