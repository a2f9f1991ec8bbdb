/** Canary secrets: each screen that shows or takes one keeps nothing of it once its dialog has closed. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'

import { launchBrowser } from '../../support/browser.js'
import { Gateway } from '../../support/gateway.js'
import { findInPage, openConsole } from '../../support/signed-in-page.js'

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

const at = (path: string): string => `${world.app.url}/console${path}`

/** Reads the secret that a dialog shows, then closes the dialog without having copied it. */
async function takeSecret(page: Page, pattern: RegExp): Promise<string> {
  const text = await page.getByRole('dialog').locator('code').textContent()
  expect(text).toMatch(pattern)
  await page.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('button', { name: 'Close without copying' }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  return text!.split('=').at(-1)!
}

async function openMenu(page: Page, row: string, item: RegExp): Promise<void> {
  await page.getByRole('row', { name: row }).getByRole('button', { name: 'Actions' }).click()
  await page.getByRole('menuitem', { name: item }).click()
}

/** Fills in the credential's dialog and stores it. Returns the value. */
async function storeCredential(page: Page, type: string, fill: (value: string) => Promise<void>): Promise<string> {
  const value = `tok_canary_${type}_${Date.now()}`
  await page.getByRole('button', { name: 'Store credential' }).click()
  await page.getByLabel('Type').selectOption(type)
  await fill(value)
  await page.getByRole('button', { name: 'Store', exact: true }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  return value
}

type Step = (page: Page) => Promise<string>

const steps: Readonly<Record<string, Step>> = {
  'a new key': async (page) => {
    await page.goto(at('/keys/new'))
    await page.getByRole('button', { name: 'Create key' }).click()
    return takeSecret(page, /^kh_sand_/)
  },
  'a rotated key': async (page) => {
    await page.goto(at(`/keys/${(await world.acme.apiKey({ label: 'old' })).id}`))
    await page.getByRole('button', { name: 'Rotate' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click()
    return takeSecret(page, /^kh_sand_/)
  },
  'a personal token': async (page) => {
    await page.goto(at('/me/tokens/new'))
    await page.getByLabel('Description').fill('canary')
    await page.getByRole('button', { name: 'Create' }).click()
    return takeSecret(page, /^eyJ/)
  },
  'a personal token, shown again': async (page) => {
    await page.goto(at('/me'))
    await openMenu(page, 'canary', /^Show again/)
    return takeSecret(page, /^eyJ/)
  },
  'an invitation link': async (page) => {
    await page.goto(at('/people/invite'))
    await page.getByLabel('E-mail').fill('canary@example.com')
    await page.getByRole('button', { name: 'Invite' }).click()
    return takeSecret(page, /#invitation=kh_invite_/)
  },
  'a sign-in link': async (page) => {
    await world.acme.member('READER')
    await page.goto(at('/people'))
    await openMenu(page, 'READER', /^Create sign-in link/)
    await page.getByRole('button', { name: 'Create link' }).click()
    return takeSecret(page, /#sign-in=kh_signin_/)
  },
  'a bearer token of a server': async (page) => {
    await page.goto(at(`/servers/${await world.server()}`))
    return storeCredential(page, 'bearerToken', (value) => page.getByLabel('Value').fill(value))
  },
  'custom headers of a server': async (page) => {
    await page.goto(at(`/servers/${await world.server()}`))
    return storeCredential(page, 'headers', async (value) => {
      await page.getByLabel('Header name').fill('X-Api-Key')
      await page.getByLabel('Value').fill(value)
    })
  },
  'a pasted key': async (page) => {
    await page.goto(at('/tokens'))
    await page.getByLabel('Access token or API key').fill(world.acme.sandboxKey)
    await page.getByRole('button', { name: 'Check' }).click()
    await page.getByText('Keyhouse accepts this key.').waitFor()
    return world.acme.sandboxKey
  },
}

/** One of each part that holds a secret: the dialog that shows it, a field of a dialog, and a field of a screen. A snapshot takes seconds. */
const heapTitles = ['a new key', 'a bearer token of a server', 'a pasted key']

let page: Page
beforeAll(async () => {
  page = (await openConsole(browser, world)).page
})

test.each(Object.keys(steps))('%s is in no DOM, storage, URL, history or heap after its dialog has closed', async (title) => {
  const secret = await steps[title]!(page)
  expect(secret.length).toBeGreaterThan(20)
  expect(await findInPage(page, secret)).toEqual([])
  // Another screen takes the place of what React keeps of the last render.
  await page.getByRole('link', { name: 'Usage' }).click()
  await page.getByRole('heading', { name: 'Usage' }).waitFor()
  expect(await findInPage(page, secret, heapTitles.includes(title))).toEqual([])
  await page.goBack()
  await page.getByRole('heading', { name: 'Usage' }).waitFor({ state: 'detached' })
  expect(await findInPage(page, secret)).toEqual([])
})
