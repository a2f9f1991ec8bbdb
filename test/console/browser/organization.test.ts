/** The audit trail, usage, people and settings in a real browser: exports, links shown once, and what must be typed first. */
import { readFile } from 'node:fs/promises'

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'

import { toCsv } from '../../../console/src/csv.js'
import { startApp, type TestApp } from '../../support/app.js'
import { launchBrowser, openIsolatedPage, readBrowserStorage } from '../../support/browser.js'
import { consoleEnv } from '../../support/console.js'
import { organization, type SeededOrganization } from '../../support/seed.js'

let app: TestApp
let acme: SeededOrganization
let browser: Browser
beforeAll(async () => {
  app = await startApp(consoleEnv, { clock: () => new Date() })
  acme = await organization(app)
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser.close()
  await app.close()
})

const at = (path: string): string => `${app.url}/console${path}`

async function signIn(): Promise<Page> {
  const { memberId } = await acme.member('ADMIN')
  const { signInToken } = await app.mutate(acme.adminToken, 'createSignInToken', { memberId }, 'signInToken')
  const { page } = await openIsolatedPage(browser, [app.url], 1280)
  await page.goto(at(`/#sign-in=${signInToken}`))
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  return page
}

test('the export of the audit trail has the events of the filter, as JSON lines', async () => {
  const page = await signIn()
  await page.goto(at('/audit?action=sign_in_token:create'))
  await page.getByRole('link', { name: 'Create sign-in tokens' }).first().click()
  await page.getByRole('dialog').getByText('Copy request id').waitFor()
  expect(page.url()).toContain('event=evt_')
  await page.keyboard.press('Escape')
  const downloading = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Export JSONL' }).click()
  const lines = (await readFile(await (await downloading).path(), 'utf8')).trim().split('\n')
  const events = lines.map((line) => JSON.parse(line) as { action: string })
  expect(new Set(events.map(({ action }) => action))).toEqual(new Set(['sign_in_token:create']))
})

test('an invitation shows its link once, and the link joins', async () => {
  const page = await signIn()
  await page.goto(at('/people/invite'))
  await page.getByLabel('E-mail').fill('grace@example.com')
  await page.getByRole('button', { name: 'Invite' }).click()
  const link = await page.getByRole('dialog').locator('code').textContent()
  expect(link).toMatch(/^http:\/\/localhost:4000\/console#invitation=kh_/)
  await page.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('button', { name: 'Close without copying' }).click()
  await page.getByRole('cell', { name: 'grace@example.com' }).waitFor()
  const token = link!.split('=')[1]!
  expect(await page.content()).not.toContain(token)
  expect(await readBrowserStorage(page)).not.toContain(token)

  const { page: invited } = await openIsolatedPage(browser, [app.url], 390)
  await invited.goto(at(`/#invitation=${token}`))
  await invited.getByLabel('Your name').fill('Grace')
  await invited.getByRole('button', { name: 'Join' }).click()
  await invited.getByRole('heading', { name: 'Overview' }).waitFor()
})

test('removing a member and resetting a sandbox wait until the name is typed', async () => {
  const { memberId } = await acme.member('READER')
  const { data } = await app.run(acme.adminToken, '{ members(first: 100) { nodes { id user { email } } } }')
  const { email } = data.members.nodes.find(({ id }) => id === memberId)!.user
  const page = await signIn()
  await page.goto(at('/people'))
  await page.getByRole('row', { name: email }).getByRole('button', { name: 'Actions' }).click()
  await page.getByRole('menuitem', { name: 'Remove' }).click()
  const remove = page.getByRole('button', { name: 'Remove' })
  expect(await remove.getAttribute('aria-disabled')).toBe('true')
  await page.getByLabel(`Type ${email} to confirm`).fill(email)
  await remove.click()
  await page.getByText('The member was removed').waitFor()

  await page.goto(at('/settings'))
  await page.getByRole('button', { name: 'Actions' }).first().click()
  await page.getByRole('menuitem', { name: 'Reset sandbox' }).click()
  const reset = page.getByRole('button', { name: 'Reset sandbox' })
  expect(await reset.getAttribute('aria-disabled')).toBe('true')
  const [label] = await page.getByRole('dialog').locator('label').allTextContents()
  await page.getByRole('dialog').getByRole('textbox').fill(label!.split(' ')[1]!)
  await reset.click()
  await page.getByText('Sandbox reset.').waitFor()
})

test('a new name of the organization is on every screen at once', async () => {
  const page = await signIn()
  await page.goto(at('/settings'))
  await page.getByLabel('Name of the organization').fill('Acme Ltd')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.locator('header').getByText('Acme Ltd').waitFor()
})

test('a CSV has the numbers of usage, and spreadsheets run no label as a formula', async () => {
  expect(
    toCsv([
      ['Label', 'Requests'],
      ['=1+1', -3],
      ['a "b", c', 0],
    ]),
  ).toBe(`Label,Requests\r\n'=1+1,-3\r\n"a ""b"", c",0\r\n`)
  await app.run(acme.sandboxKey, '{ viewer { kind } }')
  const page = await signIn()
  await page.goto(at('/usage?range=24h&callers=all&by=OPERATION'))
  await page.getByRole('cell', { name: 'viewer' }).waitFor()
  const downloading = page.waitForEvent('download')
  await page.getByRole('button', { name: 'CSV' }).last().click()
  expect(await readFile(await (await downloading).path(), 'utf8')).toMatch(/^Operation,Requests,Refused\r\n[\s\S]*viewer,\d+,0\r\n/)
})
