/** A page of the console in a real browser, signed in as a new member. */
import type { Browser, Page } from 'playwright-core'

import type { MemberRole } from '../../src/entities/enums.js'
import type { TestApp } from './app.js'
import { openIsolatedPage, readBrowserStorage, type IsolatedPage } from './browser.js'
import type { SeededOrganization } from './seed.js'

interface ConsoleWorld {
  readonly app: TestApp
  readonly acme: SeededOrganization
}

/** Text of a sign-in token of a new member. */
export async function consoleSignInToken({ app, acme }: ConsoleWorld, role: MemberRole = 'ADMIN'): Promise<string> {
  const { memberId } = await acme.member(role)
  return (await app.mutate(acme.adminToken, 'createSignInToken', { memberId }, 'signInToken')).signInToken
}

/** @param origins other origins that the page may reach */
export async function openConsole(
  browser: Browser,
  world: ConsoleWorld,
  path = '/',
  origins: readonly string[] = [],
  role: MemberRole = 'ADMIN',
): Promise<IsolatedPage> {
  const isolated = await openIsolatedPage(browser, [world.app.url, ...origins], 1280)
  const { page } = isolated
  await page.goto(`${world.app.url}/console/#sign-in=${await consoleSignInToken(world, role)}`)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  if (path !== '/') await page.goto(`${world.app.url}/console${path}`)
  return isolated
}

/** The names of the places that hold the text: DOM, storage, URL with its history, and, if asked for, the heap. */
export async function findInPage(page: Page, text: string, withHeap = false): Promise<string[]> {
  const places = {
    dom: await page.content(),
    storage: await readBrowserStorage(page),
    history: await page.evaluate<string>('JSON.stringify([history.state, ...navigation.entries().map(({ url }) => url)])'),
    heap: withHeap ? await readHeap(page) : '',
  }
  return Object.entries(places).flatMap(([name, content]) => (content.includes(text) ? [name] : []))
}

/** Every string in the heap of the page after a garbage collection, as JSON text of the debugger. */
async function readHeap(page: Page): Promise<string> {
  const session = await page.context().newCDPSession(page)
  const chunks: string[] = []
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => chunks.push(chunk))
  await session.send('HeapProfiler.collectGarbage')
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false })
  await session.detach()
  return chunks.join('')
}
