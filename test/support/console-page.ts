/** What a person does on the pages of the console: finds controls, copies what is shown, and runs it. */
import { expect } from '@jest/globals'
import type { Browser, Locator, Page } from 'playwright-core'

import { openIsolatedPage } from './browser.js'
import { connectClient } from './mcp-clients.js'
import { Shell } from './shell.js'

/** Opens an empty page that may use the clipboard. */
export async function openConsolePage(browser: Browser, origin: string, width: number): Promise<Page> {
  const { page } = await openIsolatedPage(browser, [origin], width)
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin })
  return page
}

export const button = (page: Page, name: string): Locator => page.getByRole('button', { name, exact: true })

/** The first link of this name: that of the sidebar, where it has one. */
export const link = (page: Page, name: string): Locator => page.getByRole('link', { name, exact: true }).first()

/** The text of a box with this label. */
export const shownText = async (page: Page, label: string): Promise<string> =>
  (await page.getByRole('region', { name: label }).locator('code').textContent()) ?? ''

export const clipboardText = (page: Page): Promise<string> => page.evaluate<string>('navigator.clipboard.readText()')

/** Copies the secret of the open dialog, and closes it. */
export async function copySecret(page: Page): Promise<string> {
  const dialog = page.getByRole('dialog')
  const secret = await dialog.locator('code').textContent()
  await dialog.getByRole('button', { name: 'Copy', exact: true }).click()
  await dialog.getByRole('button', { name: 'Copied' }).waitFor()
  expect(await clipboardText(page)).toBe(secret)
  await button(page, 'Done').click()
  await dialog.waitFor({ state: 'detached' })
  return secret!
}

/** Runs a shown command in a shell whose KEYHOUSE_API_KEY is the key; returns its output. */
export async function runShown(command: string, key: string): Promise<string> {
  const shell = new Shell({ KEYHOUSE_API_KEY: key })
  try {
    const { output, hasFailed } = await shell.execute(command.replace(/^curl /, 'curl -sS '))
    expect({ output, hasFailed }).toEqual({ output: expect.any(String), hasFailed: false })
    return output
  } finally {
    await shell.close()
  }
}

/** Presses Tab until the control has the focus. @throws Error after as many presses as any screen needs */
export async function tabTo(page: Page, control: Locator): Promise<void> {
  await control.waitFor()
  for (let presses = 0; presses < 100; presses++) {
    if ((await control.and(page.locator(':focus')).count()) === 1) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not reach ${String(control)}`)
}

/** Calls a tool as an agent does: it is refused, a person approves the call, and the same call passes. */
export async function callAfterApproval(gatewayUrl: string, key: string, approve: () => Promise<void>): Promise<void> {
  const agent = await connectClient('sdk', { url: gatewayUrl, headers: { authorization: `Bearer ${key}` } })
  const call = (): Promise<object> => agent.call('echo', { message: 'Hello' })
  await expect(call()).rejects.toThrow('requires approval')
  await approve()
  expect(await call()).toEqual({ content: [{ type: 'text', text: 'Echo: Hello' }] })
  await agent.close()
}
