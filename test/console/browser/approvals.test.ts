/** Approvals of the console in a real browser: two people at once, arguments that deceive, and what is under the pointer. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser, Locator, Page } from 'playwright-core'

import { launchBrowser, openIsolatedPage } from '../../support/browser.js'
import { button } from '../../support/console-page.js'
import { Gateway } from '../../support/gateway.js'

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

/** Asks for a call as an agent; returns the id of the approval. */
const ask = async (tool: string, args: object = {}): Promise<string> =>
  (await world.call(serverId, world.acme.sandboxKey, tool, args)).body.error.data.approvalId

/** Opens the approvals as a new ADMIN. */
async function open(path = ''): Promise<Page> {
  const { memberId } = await world.acme.member('ADMIN')
  const { signInToken } = await world.app.mutate(world.acme.adminToken, 'createSignInToken', { memberId }, 'signInToken')
  const { page } = await openIsolatedPage(browser, [world.app.url], 1280)
  await page.goto(`${world.app.url}/console/approvals${path}#sign-in=${signInToken}`)
  await button(page, 'Sign in').click()
  await page.getByRole('heading', { name: 'Approvals' }).waitFor()
  return page
}

/** Until then the buttons of a call ignore presses. */
const sleepMs = 500

test('of two people who decide a call at once one wins, and both see who', async () => {
  const id = await ask('raced')
  const [ada, grace] = await Promise.all([open(`/${id}`), open(`/${id}`)])
  await Promise.all([ada, grace].map((page) => button(page, 'Approve once').waitFor()))
  await ada.waitForTimeout(sleepMs)
  await Promise.all([button(ada, 'Approve once').click(), button(grace, 'Deny').click()])
  const outcomes = await Promise.all([ada, grace].map((page) => page.getByText(/(approved|denied) this/).textContent()))

  const events = (await world.acme.events('mcp_approval:decide')).filter(({ subjectId }) => subjectId === id)
  expect(events.map(({ outcome }) => outcome)).toEqual(['ALLOWED', 'DENIED'])
  const { decision } = events[0]!.details as { decision: 'APPROVE' | 'DENY' }
  for (const text of outcomes) expect(text).toContain(decision === 'APPROVE' ? 'approved this' : 'denied this')
  expect(outcomes[0]!.split(' ')[0]).toBe(outcomes[1]!.split(' ')[0])
  for (const page of [ada, grace]) {
    expect(await button(page, 'Deny').count()).toBe(0)
    expect(await page.getByRole('alert').count()).toBe(0)
  }
  const { body } = await world.call(serverId, world.acme.sandboxKey, 'raced')
  expect(body.result?.content[0].text ?? body.error.message).toMatch(decision === 'APPROVE' ? /^done$/ : /^The call was denied/)
})

/** Address and place of every row and button below the heading of the page. */
const readPlaces = (page: Page): Promise<[string, object][]> =>
  page.evaluate(`[...document.querySelectorAll('main ul a, main button')].map((element) => {
    const { x, y, width, height } = element.getBoundingClientRect()
    return [element.getAttribute('href') ?? element.textContent, { x, y, width, height }]
  })`)

test('a new call moves nothing that is there: no row, no button of the open call; nor does opening another call', async () => {
  await ask('first')
  await ask('second')
  const page = await open()
  const rowOf = (tool: string): Locator => page.getByRole('link').filter({ has: page.getByText(tool, { exact: true }) })
  await rowOf('second').click()
  await page.getByRole('heading', { name: 'Tool call' }).waitFor()
  await rowOf('second').hover()
  const before = await readPlaces(page)
  expect(before.map(([name]) => name)).toEqual(expect.arrayContaining(['Approve once', 'Deny', await rowOf('first').getAttribute('href')]))
  await ask('third')
  await button(page, 'Show 1 new').waitFor()
  expect(await readPlaces(page)).toEqual(expect.arrayContaining(before))

  const isRow = ([name]: [string, object]): boolean => name.startsWith('/console/')
  await rowOf('first').click()
  await page.getByText('first', { exact: true }).nth(1).waitFor()
  expect((await readPlaces(page)).filter(isRow)).toEqual(before.filter(isRow))
  await button(page, 'Show 1 new').click()
  const rows = page.getByRole('list', { name: 'Pending approvals' }).getByRole('link').locator('code')
  await rowOf('third').waitFor()
  expect((await rows.allTextContents()).slice(-3)).toEqual(['first', 'second', 'third'])
  await button(page, 'Close').click()
  expect(await rowOf('first').and(page.locator(':focus')).count()).toBe(1)
})

const maxBytes = 65_536
const textOf = (length: number, character: string): object => ({ text: character.repeat(length) })
const overhead = JSON.stringify(textOf(0, '')).length
/** 190 lists around as many numbers as there is room for: indented, 200 times as long. */
const deep = { list: JSON.parse(`${'['.repeat(190)}${'1,'.repeat(32_000)}1${']'.repeat(190)}`) as unknown }

/** One page for all arguments. */
let reader: Page | undefined
/** Characters that hide or reorder others, and piles of marks. */
const hidden = /[\u007F-\u009F\u200B-\u200F\u202A-\u202E\u2066-\u2069\uFEFF]|\p{M}{5}/u

test.each([
  [
    'bidirectional and control characters',
    { text: 'Invoice \u202Efdp.exe\u2066\u200B\uFEFF\u007F\u0085\u001B[31m \uD83D\uDE00', 'a\u202Eb': 1 },
  ],
  ['64 KiB of text', textOf(maxBytes - overhead, 'x')],
  ['64 KiB of hidden characters', textOf(Math.floor((maxBytes - overhead) / 3), '\u202E')],
  ['64 KiB of combining marks', textOf(Math.floor((maxBytes - overhead) / 2), '\u0301')],
  ['64 KiB in 190 lists', deep],
])('a person sees whole what is to be approved: %s', async (_, args) => {
  expect(Buffer.byteLength(JSON.stringify(args))).toBeLessThanOrEqual(maxBytes)
  const id = await ask('shown', args)
  const page = (reader ??= await open())
  await page.goto(`${world.app.url}/console/approvals/${id}`)
  const approve = button(page, 'Approve once')
  await approve.waitFor()
  await page.getByRole('link', { name: 'First sandbox key' }).waitFor()
  const unfold = page.getByRole('button', { name: /^Show all/ })
  if ((await unfold.count()) > 0) {
    expect(await approve.getAttribute('aria-disabled')).toBe('true')
    await unfold.click()
  }
  const shown = (await page.getByRole('region', { name: 'Arguments' }).textContent())!
  expect(await approve.getAttribute('aria-disabled')).toBeNull()
  expect(shown).not.toMatch(hidden)
  const restored = shown.replaceAll(/⟨U\+([0-9A-F]+)⟩/g, (_match, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
  expect(JSON.parse(restored)).toEqual(args)
  // More of either would stall the page.
  expect(shown.length).toBeLessThanOrEqual(262_144)
  expect(await page.locator('mark').count()).toBeLessThanOrEqual(500)
})

test('a flood of calls hides none that expires before it', async () => {
  await ask('before')
  const { secret } = await world.agent()
  const flood = Array.from({ length: 100 }, (_, number) => world.call(serverId, secret, 'flood', { number }))
  expect((await Promise.all(flood)).every(({ body }) => body.error.data.approvalId)).toBe(true)
  const page = await open()
  const rows = page.getByRole('list', { name: 'Pending approvals' }).getByRole('link')
  await rows.filter({ has: page.getByText('before', { exact: true }) }).waitFor()
  expect(await rows.count()).toBe(100)
})
