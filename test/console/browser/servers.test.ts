/** MCP servers, approval notifications, access tokens and end users of the console in a real browser. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'

import { launchBrowser, readBrowserStorage } from '../../support/browser.js'
import { Gateway, rpcResult, sendJson } from '../../support/gateway.js'
import { openConsole } from '../../support/signed-in-page.js'

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

const open = async (path: string): Promise<Page> => (await openConsole(browser, world, path)).page

/** The server as the API returns it to an ADMIN. */
async function serverOf(id: string): Promise<Record<string, unknown>> {
  const oauth = 'oauth { issuer scopes authorizationParameters { name value } omitsResource }'
  const query = `query ($id: ID!) { mcpServer(id: $id) { name serverUrl serverDescription sharedCredentialId ${oauth} } }`
  return { ...(await world.app.run(world.acme.adminToken, query, { id })).data.mcpServer }
}

test('the tools that a test lists become the allowed tools, with invisible characters shown', async () => {
  world.upstream.answer = ({ response, body }) => {
    if (body.method === 'tools/list') {
      const tools = ['echo', 'pay\u202E'].map((name) => ({ name, inputSchema: { type: 'object' } }))
      sendJson(response, rpcResult(body.id, { tools }))
    } else if (body.method === 'initialize') {
      const serverInfo = { name: 'double', version: '1' }
      sendJson(response, rpcResult(body.id, { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo }))
    } else sendJson(response, '', 202)
  }
  const serverId = await world.server()
  const page = await open(`/servers/${serverId}`)
  await page.getByRole('button', { name: 'Test' }).click()
  await page.getByText('Connected').waitFor()
  await page.getByLabel('Chosen tools').check()
  await page.getByText('pay⟨U+202E⟩').waitFor()
  await page.getByRole('checkbox', { name: 'echo' }).check()
  await page.getByRole('button', { name: 'Save tools' }).click()
  await page.getByText('The allowed tools were changed.').waitFor()
  const { data } = await world.app.run(world.acme.adminToken, 'query ($id: ID!) { mcpServer(id: $id) { allowedTools } }', { id: serverId })
  expect(data.mcpServer?.allowedTools).toEqual(['echo'])
})

test('a stored credential leaves its preview only, and deleting the server takes its label', async () => {
  const page = await open(`/servers/${await world.server({ serverLabel: 'tracker' })}`)
  await page.getByRole('button', { name: 'Store credential' }).click()
  await page.getByLabel('Value').fill('tok_canary_1234567890')
  await page.getByRole('button', { name: 'Store', exact: true }).click()
  await page.getByText('****...7890').waitFor()
  expect(`${await page.content()}${await readBrowserStorage(page)}${page.url()}`).not.toContain('tok_canary')

  await page.getByRole('button', { name: 'Delete' }).click()
  const confirm = page.getByRole('dialog').getByRole('button', { name: 'Delete' })
  expect(await confirm.getAttribute('aria-disabled')).toBe('true')
  await page.getByLabel('Type tracker').fill('tracker')
  await confirm.click()
  await page.getByText('The server was deleted, and 1 credential was revoked.').waitFor()
})

test('a server is renamed, and moving it to another host takes its label and revokes its credentials', async () => {
  const serverId = await world.server({ serverLabel: 'mover', serverDescription: 'Tickets' })
  const credentialId = await world.credential(serverId, { bearerToken: 'tok_1234567890' })
  const page = await open(`/servers/${serverId}`)
  await page.getByRole('link', { name: 'Edit' }).click()
  await page.getByLabel('Name').fill('Issue tracker')
  await page.getByLabel(/^Purpose/).fill('')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('heading', { name: 'Issue tracker' }).waitFor()
  expect(await serverOf(serverId)).toMatchObject({ name: 'Issue tracker', serverDescription: null })

  await page.getByRole('link', { name: 'Edit' }).click()
  await page.getByLabel('URL').fill('http://10.0.0.1/mcp')
  const move = page.getByRole('dialog').getByRole('button', { name: 'Move' })
  const confirm = async (): Promise<void> => {
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('revoked and wiped: 1 active').waitFor()
    expect(await move.getAttribute('aria-disabled')).toBe('true')
    await page.getByLabel('Type mover').fill('mover')
    await move.click()
  }
  await confirm()
  await page.locator('input[name=serverUrl][aria-invalid=true]').waitFor()
  expect((await world.acme.credentialRow(credentialId)).revokedAt).toBeNull()
  await page.getByLabel('URL').fill('https://example.com/mcp')
  await confirm()
  await page.getByText('The server was changed.').waitFor()
  expect((await serverOf(serverId))['serverUrl']).toBe('https://example.com/mcp')
  expect((await world.acme.credentialRow(credentialId)).revokedAt).not.toBeNull()
})

test('the OAuth settings of a server are changed and removed, and a refusal stands at their field', async () => {
  const serverId = await world.server()
  const page = await open(`/servers/${serverId}/edit`)
  const save = async (): Promise<void> => {
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('The server was changed.').waitFor()
  }
  await page.getByText('OAuth: how end users connect their accounts').click()
  await page.getByLabel('Issuer of its authorization server').fill('https://as.example')
  await page.getByLabel('Scopes').fill('read  write')
  await page.getByLabel('Further parameters').fill('access_type=offline\nstate=x')
  await page.getByLabel('Leave out the parameter resource').check()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('must not be a parameter that Keyhouse sets').waitFor()
  await page.getByLabel('Further parameters').fill('access_type=offline\nfilter=a=b')
  await save()
  expect((await serverOf(serverId))['oauth']).toEqual({
    issuer: 'https://as.example',
    scopes: ['read', 'write'],
    authorizationParameters: [
      { name: 'access_type', value: 'offline' },
      { name: 'filter', value: 'a=b' },
    ],
    omitsResource: true,
  })
  await page.getByRole('link', { name: 'Edit' }).click()
  expect(await page.getByLabel('Further parameters').inputValue()).toBe('access_type=offline\nfilter=a=b')
  for (const label of ['Issuer of its authorization server', 'Scopes', 'Further parameters']) await page.getByLabel(label).fill('')
  await page.getByLabel('Leave out the parameter resource').uncheck()
  await save()
  expect((await serverOf(serverId))['oauth']).toBeNull()
})

test('a credential with several headers is stored, refused by the server, and shared', async () => {
  world.upstream.answer = ({ response }) => sendJson(response, {}, 401)
  const serverId = await world.server()
  const page = await open(`/servers/${serverId}`)
  await page.getByRole('button', { name: 'Store credential' }).click()
  await page.getByLabel('Name (optional)').fill('Two headers')
  await page.getByLabel('Type').selectOption('headers')
  await page.getByRole('button', { name: 'Add header' }).click()
  await page.getByRole('button', { name: 'Add header' }).click()
  await page.getByRole('button', { name: 'Remove header 3' }).click()
  for (const [index, name] of ['Host', 'x-api-key'].entries()) {
    await page.getByLabel(`Header name ${index + 1}`).fill(name)
    await page.getByLabel(`Value ${index + 1}`).fill(`canary-${index}`)
  }
  const store = page.getByRole('button', { name: 'Store', exact: true })
  await store.click()
  await page.locator('input[name="auth.headers.0.name"][aria-invalid=true]').waitFor()
  await page.getByLabel('Header name 1').fill('X-Api-Key')
  await store.click()
  await page.getByRole('alert').getByText('must not have the same header twice').waitFor()
  await page.getByLabel('Header name 2').fill('X-Api-Secret')
  await store.click()
  await page.getByText('X-Api-Key, X-Api-Secret').waitFor()

  await page.getByText('No credential is shared').waitFor()
  await page.getByRole('button', { name: 'Actions' }).click()
  await page.getByRole('menuitem', { name: 'Share with end users' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Share' }).click()
  await page.getByText('Shared with end users who have none of their own: Two headers').waitFor()
  const [credential] = (await world.acme.credentialRows()).filter((row) => row.serverId === serverId)
  expect((await serverOf(serverId))['sharedCredentialId']).toBe(credential!.id)
  await page.getByRole('button', { name: 'Test' }).click()
  await page.getByText('HTTP status 401').waitFor()
  await world.app.services.writeBehind.flush()
  await page.reload()
  await page.getByText('Refused with 401').waitFor()
  await page.getByRole('button', { name: 'Stop sharing' }).click()
  await page.getByText('No credential is shared').waitFor()
  expect((await serverOf(serverId))['sharedCredentialId']).toBeNull()
})

test('a new approval notifies on the desktop only after a press, and tells neither tool nor arguments', async () => {
  const serverId = await world.server({ name: 'Mail\u202E', requireApproval: 'ALWAYS' })
  await world.credential(serverId, { none: 'NONE' })
  const ask = (text: string): Promise<unknown> => world.call(serverId, world.acme.sandboxKey, 'send_canary', { text })
  const page = await open('/')
  // Headless Chromium has no desktop. The double records what the page asks and shows.
  await page.addInitScript(`globalThis.shown = []; globalThis.asked = 0
    globalThis.Notification = class extends EventTarget {
      static permission = 'default'
      static requestPermission = async () => { asked++; return (this.permission = 'granted') }
      constructor(title, options) { super(); shown.push([title, options.body]) ; this.constructor.last = this }
      close() {}
    }`)
  await page.clock.install()
  await page.goto(`${world.app.url}/console/approvals`)
  const shown = (): Promise<unknown> => page.evaluate('JSON.stringify([asked, shown])')
  await ask('canary 1')
  await page.clock.runFor(20_000)
  await page.getByRole('list', { name: 'Pending approvals' }).getByRole('link').waitFor()
  expect(await shown()).toBe('[0,[]]')

  // What its first answer has is not new.
  const firstAnswer = page.waitForResponse((response) => response.request().postData()?.includes('"first":20') === true)
  await page.getByRole('button', { name: 'Turn on notifications' }).click()
  await (await firstAnswer).finished()
  await ask('canary 2')
  await page.clock.runFor(20_000)
  await page.waitForFunction(() => (Reflect.get(globalThis, 'shown') as unknown[]).length > 0)
  expect(await shown()).toBe('[1,[["1 tool call waits for approval","Mail⟨U+202E⟩"]]]')
  await page.evaluate(`Notification.last.dispatchEvent(new Event('click'))`)
  await page.waitForURL(/\/approvals\/mcp_apr_/)
  await page.getByRole('button', { name: 'Turn off notifications' }).click()
  await ask('canary 3')
  await page.clock.runFor(20_000)
  // The second call joins the list only when somebody asks for the new ones.
  await page.getByText('Show 2 new').waitFor()
  expect(await shown()).toMatch(/^\[1,\[\[[^[]*\]\]\]$/)
})

test('a pasted key or token is checked, and leaves the page', async () => {
  const { app, acme } = world
  const input = { externalUserId: 'user-1', audience: 'https://api.example.com' }
  const { token } = await app.mutate(acme.sandboxKey, 'exchangeApiKey', input, 'token')
  const page = await open('/tokens')
  for (const [pasted, verdict] of [
    [token, 'Keyhouse accepts this token.'],
    [acme.sandboxKey, 'Keyhouse accepts this key.'],
    ['kh_sand_unknown', 'No API key of this organization has this secret.'],
  ] as const) {
    await page.getByLabel('Access token or API key').fill(pasted)
    await page.getByRole('button', { name: 'Check' }).click()
    await page.getByText(verdict).waitFor()
    expect(`${await page.content()}${await readBrowserStorage(page)}${page.url()}`).not.toContain(pasted)
    expect(await page.getByLabel('Access token or API key').inputValue()).toBe('')
  }
})

test('forgetting an end user takes its external id', async () => {
  const { app, acme } = world
  await app.mutate(acme.sandboxKey, 'exchangeApiKey', { externalUserId: 'user-2', audience: 'https://api.example.com' }, 'token')
  const page = await open('/end-users')
  await page.getByRole('link', { name: 'user-2' }).click()
  await page.getByRole('button', { name: 'Forget' }).click()
  await page.getByLabel('Type user-2').fill('user-2')
  await page.getByRole('dialog').getByRole('button', { name: 'Forget' }).click()
  await page.getByText('Forgotten. Access tokens revoked: 1. Credentials wiped: 0. Servers deleted: 0. OAuth grants deleted: 0.').waitFor()
})
