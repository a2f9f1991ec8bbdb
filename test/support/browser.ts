/** A headless Chromium whose pages reach only the allowed origins. */
import { join } from 'node:path'

import chromium from '@sparticuz/chromium'
import { chromium as playwright, type Browser, type Page } from 'playwright-core'

/** The package's default arguments disable the same-origin and content policies that the tests check, so they are not used. */
export const launchBrowser = async (): Promise<Browser> =>
  playwright.launch({ executablePath: await chromium.executablePath(), args: ['--no-sandbox', '--disable-gpu'], headless: true })

export interface IsolatedPage {
  readonly page: Page
  /** URLs of the aborted requests to other origins. */
  readonly blockedUrls: readonly string[]
  /** Console errors, policy violations, exceptions and failed requests of the page. */
  readonly browserErrors: readonly string[]
}

/** Opens a page and aborts every request to an origin that is not among `urls`, as in a network without internet access. */
export async function openIsolatedPage(browser: Browser, urls: readonly string[], width: number): Promise<IsolatedPage> {
  // Each page has its own context, so it shares no storage with another page. Headless Chromium's own locale is invalid for Intl.
  const context = await browser.newContext({ viewport: { width, height: 800 }, locale: 'en-GB' })
  const page = await context.newPage()
  const origins = urls.map((url) => new URL(url).origin)
  const blockedUrls: string[] = []
  const browserErrors: string[] = []
  await context.route('**/*', (route) => {
    const url = route.request().url()
    if (origins.includes(new URL(url).origin)) return route.continue()
    blockedUrls.push(url)
    return route.abort()
  })
  page.on('console', (message) => {
    if (message.type() === 'error') browserErrors.push(message.text())
  })
  page.on('pageerror', (error) => browserErrors.push(error.message))
  page.on('requestfailed', (request) => browserErrors.push(`${request.url()}: ${request.failure()?.errorText}`))
  return { page, blockedUrls, browserErrors }
}

/** Everything that a page stored in the browser, as JSON text. */
export const readBrowserStorage = (page: Page): Promise<string> =>
  page.evaluate<string>(`(async () => JSON.stringify({
    local: { ...localStorage },
    session: { ...sessionStorage },
    cookie: document.cookie,
    databases: await indexedDB.databases(),
    caches: await caches.keys(),
  }))()`)

/** Content width in pixels; more than the viewport's width means horizontal scrolling. */
export const contentWidth = (page: Page): Promise<number> => page.evaluate<number>('document.documentElement.scrollWidth')

/** Saves a screenshot for manual review if KEYHOUSE_TEST_SHOTS names a folder. */
export async function saveScreenshot(page: Page, name: string): Promise<void> {
  const folder = process.env['KEYHOUSE_TEST_SHOTS']
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`) })
}
