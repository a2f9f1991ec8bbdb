/** A headless Chromium that reaches the origins that it is told, and nothing else. */
import { join } from 'node:path'

import chromium from '@sparticuz/chromium'
import { chromium as playwright, type Browser, type Page } from 'playwright-core'

/** Not the arguments that come with the package: they switch off the very rules (origins, policies) that the tests rely on. */
export const launchBrowser = async (): Promise<Browser> =>
  playwright.launch({ executablePath: await chromium.executablePath(), args: ['--no-sandbox', '--disable-gpu'], headless: true })

export interface CutOff {
  readonly page: Page
  /** Requests to other origins that were tried; each was aborted. */
  readonly strays: readonly string[]
  /** What the page complained of: errors, broken policies, failed requests. */
  readonly complaints: readonly string[]
}

/** A page whose every request to another origin than those of `urls` is aborted, as where there is no internet. */
export async function cutOffPage(browser: Browser, urls: readonly string[], width: number): Promise<CutOff> {
  // A context of its own: nothing is left from another page.
  const context = await browser.newContext({ viewport: { width, height: 800 } })
  const page = await context.newPage()
  const origins = urls.map((url) => new URL(url).origin)
  const strays: string[] = []
  const complaints: string[] = []
  await context.route('**/*', (route) => {
    const asked = route.request().url()
    if (origins.includes(new URL(asked).origin)) return route.continue()
    strays.push(asked)
    return route.abort()
  })
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('requestfailed', (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`))
  return { page, strays, complaints }
}

/** All that a page could leave behind in the browser, as text. */
export const remains = (page: Page): Promise<string> =>
  page.evaluate<string>(`(async () => JSON.stringify({
    local: { ...localStorage },
    session: { ...sessionStorage },
    cookie: document.cookie,
    databases: await indexedDB.databases(),
    caches: await caches.keys(),
  }))()`)

/** Pixels; more than the window has means scrolling sideways. */
export const contentWidth = (page: Page): Promise<number> => page.evaluate<number>('document.documentElement.scrollWidth')

/** For a person to look at: written where KEYHOUSE_TEST_SHOTS names a folder. */
export async function shoot(page: Page, name: string): Promise<void> {
  const folder = process.env['KEYHOUSE_TEST_SHOTS']
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`) })
}
