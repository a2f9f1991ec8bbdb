/** OAuth of the console in a real browser: configurations, grants, connected accounts, and clients of Keyhouse, without their secrets. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'

import type { MemberRole } from '../../../src/entities/enums.js'
import { McpCredential } from '../../../src/entities/mcp-credential.js'
import { launchBrowser, saveScreenshot } from '../../support/browser.js'
import { runShown, shownText } from '../../support/console-page.js'
import { GrantWorld } from '../../support/oauth-grants.js'
import { OAuthUpstream } from '../../support/oauth-upstream.js'
import { findInPage, openConsole } from '../../support/signed-in-page.js'
import { UserAgent } from '../../support/user-agent.js'

let world: GrantWorld
let browser: Browser
beforeAll(async () => {
  // The browser has a clock of its own.
  world = await GrantWorld.start({ clock: () => new Date() }, { KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1' })
  const { clock } = world.gateway.app
  clock.advance(Date.now() - clock.now().getTime())
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser.close()
  await world.close()
})

const open = async (path: string, role?: MemberRole): Promise<Page> => (await openConsole(browser, world.gateway, path, [], role)).page

const configuration =
  'oauthConfigurations { nodes { signInMethod oidcIssuer oidcScopes hasClientSecret clientHosts redirectSchemes apiKey { id } } }'

test('a configuration is deleted once its project is typed, and set again with a secret that leaves the page', async () => {
  const { acme, app } = world.gateway
  const page = await open('/oauth')
  await page.getByRole('table', { name: 'OAuth configurations' }).getByRole('button', { name: 'Delete' }).click()
  await page.getByLabel('Type default').fill('default')
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByText('The OAuth configuration was deleted.').waitFor()

  await page.goto(`${app.url}/console/servers/${world.serverId}`)
  await page.getByRole('button', { name: 'Connect an account' }).click()
  await page.getByText('Configure OAuth first.').waitFor()
  await page.getByRole('dialog').getByRole('link', { name: 'OAuth' }).click()
  await page.getByRole('link', { name: 'Configure OAuth' }).click()
  await page.getByLabel('API key that limits every grant').selectOption(world.key.id)
  await page.getByLabel('Issuer').fill('http://10.0.0.1')
  await page.getByLabel('Client id').fill('keyhouse')
  await page.getByLabel('Client secret').fill('secret_canary')
  await page.getByLabel('Scopes beside openid').fill('email profile')
  await page.getByLabel('Private-use schemes').fill('cursor\nhttps')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('must be a private-use scheme of an application').waitFor()
  await page.getByLabel('Private-use schemes').fill('cursor')
  await page.getByRole('button', { name: 'Save' }).click()
  // The refusal stands at the field, by its nested path.
  await page.getByText('"issuer"').waitFor()
  await page.getByLabel('Issuer').fill('https://login.example.com')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('The OAuth configuration was saved.').waitFor()
  expect(await findInPage(page, 'secret_canary')).toEqual([])
  const expected = {
    signInMethod: 'OIDC',
    oidcIssuer: 'https://login.example.com',
    oidcScopes: ['email', 'profile'],
    hasClientSecret: true,
    clientHosts: null,
    redirectSchemes: ['cursor'],
    apiKey: { id: world.key.id },
  }
  expect((await app.run(acme.adminToken, `{ ${configuration} }`)).data.oauthConfigurations.nodes).toEqual([expected])

  await page.getByRole('link', { name: 'Edit' }).click()
  await page.getByLabel('Accept clients with a metadata document from these hosts only').check()
  await page.getByLabel('Hosts of client documents').fill('claude.ai')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('cell', { name: 'Documents of claude.ai; self-registered' }).waitFor()
  const changed = (await app.run(acme.adminToken, `{ ${configuration} }`)).data.oauthConfigurations.nodes
  expect(changed).toEqual([{ ...expected, clientHosts: ['claude.ai'] }])
  await page.getByRole('link', { name: 'Edit' }).click()
  await page.getByLabel('Your product').check()
  await page.getByLabel('Sign-in page of your product').fill('https://product.example/sign-in')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('cell', { name: 'https://product.example/sign-in' }).waitFor()
})

test('a grant is found by its end user, and its revocation ends its tokens', async () => {
  const { acme, app } = world.gateway
  await world.tokens('ada')
  const { access_token: token } = await world.tokens('bob')
  const page = await open('/oauth')
  await page.getByRole('cell', { name: 'ada', exact: true }).waitFor()
  await page.getByLabel('External id of the end user').fill('bob')
  await page.getByRole('cell', { name: 'ada', exact: true }).waitFor({ state: 'detached' })
  const row = page.getByRole('row', { name: 'Acme Agent' })
  expect(await row.innerText()).toContain('Registered itself')
  await row.getByRole('button', { name: 'Revoke' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await page.getByText('The grant was revoked. Access tokens revoked: 1.').waitFor()
  await row.getByText('Revoked', { exact: true }).waitFor()
  const { introspection } = await app.mutate(acme.adminToken, 'introspectToken', { token }, 'introspection { active }')
  expect(introspection).toEqual({ active: false })

  await row.getByRole('link', { name: 'Acme Agent' }).click()
  await page.getByRole('cell', { name: 'ada', exact: true }).waitFor()
  expect(page.url()).toContain('clientId=')
  await page.getByRole('link', { name: 'bob' }).click()
  await page.getByRole('table', { name: 'Latest OAuth grants' }).getByText('Acme Agent').waitFor()
  await page.getByRole('table', { name: 'Latest access tokens' }).getByText('Acme Agent').waitFor()
  await page.goto(`${app.url}/console/servers/${world.serverId}`)
  await page.getByRole('table', { name: 'Latest OAuth grants' }).getByRole('link', { name: 'ada' }).waitFor()
})

test('an account is connected by what the console shows, says where and how long, is connected again, and revoked', async () => {
  const upstream = await OAuthUpstream.start()
  try {
    const { acme, app } = world.gateway
    const serverId = await world.gateway.server({ name: 'Notes', serverUrl: upstream.serverUrl })
    const agent = new UserAgent()
    const [name, value] = (await world.signIn("o'kim$&")).split('=') as [string, string]
    agent.cookies(world.at).set(name, value)
    const { data } = await app.run(acme.adminToken, '{ endUsers { nodes { id externalId } } }')
    const endUserId = data.endUsers.nodes.find(({ externalId }) => externalId === "o'kim$&")!.id

    const page = await open(`/end-users/${endUserId}`)
    await page.getByRole('button', { name: 'Connect an account' }).click()
    await page.getByLabel('MCP server', { exact: true }).selectOption('Notes')
    const address = await shownText(page, 'Page of the end user')
    expect((await agent.get(address)).text).toContain('Notes')
    const { url } = JSON.parse(await runShown(await shownText(page, 'Request for a link'), acme.sandboxKey)).data.startMcpConnection
    expect((await agent.get(url)).text).toContain('Notes is connected')

    await page.reload()
    const credentials = page.getByRole('table', { name: 'Latest credentials' })
    await credentials.getByText('Connected account').waitFor()
    expect(await credentials.innerText()).toMatch(
      new RegExp(`${new URL(upstream.issuer).host}\\s+Scopes: read[^]+Renewed on use\\s+Access token: in `),
    )
    const lacking: Partial<McpCredential> = { neededScopes: ['write'], healthStatus: 'RECONNECT_REQUIRED' }
    await acme.em.nativeUpdate(McpCredential, { serverId }, lacking, { filters: false })
    await page.goto(`${app.url}/console/`)
    await page.getByRole('region', { name: 'Accounts to be connected again' }).getByText('Notes').waitFor()
    await page.goto(`${app.url}/console/servers/${serverId}`)
    await page.getByText('To be connected again').waitFor()
    await page.getByText('Missing write').waitFor()
    await page.getByText('Not renewed').waitFor()
    await page.getByRole('button', { name: 'Actions' }).click()
    await page.getByRole('menuitem', { name: 'Reconnect' }).click()
    expect(await shownText(page, 'Page of the end user')).toBe(address)
    await saveScreenshot(page, 'console-reconnect')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Actions' }).click()
    await page.getByRole('menuitem', { name: 'Revoke' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
    await page.getByText('The credential was revoked.').waitFor()
    expect(await acme.credentialRows()).toMatchObject([{ serverId, sealedValue: null, sealedRefresh: null }])
  } finally {
    await upstream.close()
  }
})

test('a client of Keyhouse shows its redirect URI, is deleted, and its secrets leave the page', async () => {
  const { acme, app } = world.gateway
  const page = await open('/oauth')
  await page.getByRole('link', { name: 'Clients of Keyhouse' }).click()
  // From the test above.
  await page.getByRole('row', { name: 'Registered by Keyhouse' }).waitFor()
  await page.getByRole('button', { name: 'Add client' }).click()
  await page.getByLabel('Issuer').fill('https://github.example/login?x=1')
  await page.getByLabel('Client id').fill('Iv1.keyhouse')
  await page.getByLabel('Client secret').fill('secret_canary')
  const add = page.getByRole('button', { name: 'Add', exact: true })
  await add.click()
  await page.getByText('must not have a query or fragment').waitFor()
  await page.getByLabel('Issuer').fill('https://github.example/login')
  await add.click()
  await page.getByText('Register exactly this redirect URI at https://github.example/login').waitFor()
  const { data } = await app.run(acme.adminToken, '{ mcpOAuthClients(first: 1) { nodes { issuer clientId kind redirectUri } } }')
  const redirectUri = await shownText(page, 'Redirect URI')
  expect(redirectUri).toMatch(/\/oauth\/callback\/mcp_cli_\w+$/)
  const added = { issuer: 'https://github.example/login', clientId: 'Iv1.keyhouse', kind: 'STATIC', redirectUri }
  expect(data.mcpOAuthClients.nodes).toEqual([added])
  await page.keyboard.press('Escape')
  const row = page.getByRole('row', { name: 'Added by hand' })
  await row.getByRole('button', { name: 'Actions' }).click()
  await page.getByRole('menuitem', { name: 'Replace secret' }).click()
  await page.getByLabel('Client secret').fill('secret_canary 2')
  await page.getByRole('dialog').getByRole('button', { name: 'Replace' }).click()
  await page.getByText('The secret was replaced.').waitFor()
  expect(await acme.events('mcp_oauth_client:update')).toMatchObject([{ outcome: 'ALLOWED' }])
  expect(await findInPage(page, 'secret_canary', true)).toEqual([])
  await row.getByRole('button', { name: 'Actions' }).click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByText('The client was deleted.').waitFor()
  await row.waitFor({ state: 'detached' })
})

test('a reader sees configurations and grants, and what it may not do says what it needs', async () => {
  const page = await open('/oauth', 'READER')
  const table = page.getByRole('table', { name: 'OAuth configurations' })
  await table.waitFor()
  for (const [place, name, permission] of [
    [page, 'Configure OAuth', 'oauth_configuration:update'],
    [table, 'Edit', 'oauth_configuration:update'],
    [table, 'Delete', 'oauth_configuration:update'],
    [page.getByRole('table', { name: 'OAuth grants' }).getByRole('row', { name: 'ada' }), 'Revoke', 'oauth_grant:revoke'],
  ] as const) {
    const button = place.getByRole('button', { name, exact: true })
    const reason = await button.locator('xpath=following-sibling::*[@role="tooltip"]').textContent()
    expect({ name, reason }).toEqual({ name, reason: `Needs ${permission}. Ask an ADMIN.` })
  }
})
