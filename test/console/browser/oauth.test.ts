/** OAuth of the console in a real browser: the configuration with its secret, and the grants of end users. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'

import type { MemberRole } from '../../../src/entities/enums.js'
import { launchBrowser } from '../../support/browser.js'
import { GrantWorld } from '../../support/oauth-grants.js'
import { findInPage, openConsole } from '../../support/signed-in-page.js'

let world: GrantWorld
let browser: Browser
beforeAll(async () => {
  // The browser has a clock of its own.
  world = await GrantWorld.start({ clock: () => new Date() })
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
