/** OAuth configuration of a project and environment: its rules, its secret, and what a change ends. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { systemContext } from '../../src/context/context.js'
import { OAuthConfiguration, oidcClientSecretAad } from '../../src/entities/oauth-configuration.js'
import { open } from '../../src/lib/crypto/seal.js'
import { startApp, type TestApp } from '../support/app.js'
import { executeSql } from '../support/database-access.js'
import { organization, type SeededKey, type SeededOrganization } from '../support/seed.js'

let app: TestApp
let acme: SeededOrganization
let key: SeededKey

beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
  key = await acme.apiKey({ permissions: ['mcp_server:use'] })
})
afterAll(() => app.close())

const fields = 'id environment hasClientSecret oidcScopes oidcExternalIdClaim redirectUri createdAt project { id } apiKey { id }'
const product = { product: { signInUrl: 'https://product.example/sign-in' } }
const provider = { issuer: 'https://id.example', clientId: 'keyhouse' }

const set = (input: object) =>
  app.mutate(acme.adminToken, 'setOAuthConfiguration', { apiKeyId: key.id, signIn: product, ...input }, `configuration { ${fields} }`)

const oidc = (input: object) => set({ signIn: { oidc: { ...provider, ...input } } })

test('the configuration is that of the project and environment of its key, and is replaced as a whole', async () => {
  const { configuration: first } = await oidc({ scopes: ['openid', 'email'] })
  expect(first).toMatchObject({
    environment: 'SANDBOX',
    project: { id: acme.projectId },
    apiKey: { id: key.id },
    oidcScopes: ['email'],
    oidcExternalIdClaim: 'sub',
    redirectUri: 'http://keyhouse.test/oauth/sign-in/callback',
  })
  const production = await acme.apiKey({ permissions: [], environment: 'PRODUCTION' })
  const { configuration: other } = await set({ apiKeyId: production.id })
  expect(other).toMatchObject({ environment: 'PRODUCTION', oidcExternalIdClaim: null })
  const { configuration: again } = await set({})
  expect([again.id, again.createdAt, again.oidcScopes]).toEqual([first.id, first.createdAt, []])
  const list = await app.run(acme.adminToken, '{ oauthConfigurations(first: 5) { nodes { id } } }')
  expect((list.data as unknown as { oauthConfigurations: { nodes: object[] } }).oauthConfigurations.nodes).toEqual([
    { id: other.id },
    { id: again.id },
  ])
})

const chars = (count: number): string => 'x'.repeat(count)
const names = (count: number, suffix = ''): string[] => Array.from({ length: count }, (_, i) => `n${i}${suffix}`)
const inOidc = (input: object): object => ({ signIn: { oidc: { ...provider, ...input } } })
const at = (signInUrl: string): object => ({ signIn: { product: { signInUrl } } })

test.each<[string, object, string | null]>([
  ['an issuer with a path', inOidc({ issuer: 'https://id.example/tenant' }), null],
  ['an issuer with a query', inOidc({ issuer: 'https://id.example?x' }), 'signIn.oidc.issuer'],
  ['an issuer with a fragment', inOidc({ issuer: 'https://id.example#x' }), 'signIn.oidc.issuer'],
  ['an issuer with a password', inOidc({ issuer: 'https://a:b@id.example' }), 'signIn.oidc.issuer'],
  ['no client id', inOidc({ clientId: '' }), 'signIn.oidc.clientId'],
  ['a client id of 255 characters', inOidc({ clientId: chars(255) }), null],
  ['a client id of 256 characters', inOidc({ clientId: chars(256) }), 'signIn.oidc.clientId'],
  ['a client secret of 1,024 characters', inOidc({ clientSecret: chars(1024) }), null],
  ['a client secret of 1,025 characters', inOidc({ clientSecret: chars(1025) }), 'signIn.oidc.clientSecret'],
  ['20 scopes', inOidc({ scopes: names(20) }), null],
  ['21 scopes', inOidc({ scopes: names(21) }), 'signIn.oidc.scopes'],
  ['a scope with a space', inOidc({ scopes: ['a b'] }), 'signIn.oidc.scopes.0'],
  ['no claim', inOidc({ externalIdClaim: null }), 'signIn.oidc.externalIdClaim'],
  ['a page of the product by http', at('http://product.example/'), 'signIn.product.signInUrl'],
  ['a page of the product by http on loopback', at('http://localhost:3000/sign-in'), null],
  ['a script as page of the product', at('javascript:alert(1)'), 'signIn.product.signInUrl'],
  ['50 hosts of clients', { clientHosts: names(50, '.example') }, null],
  ['51 hosts of clients', { clientHosts: names(51, '.example') }, 'clientHosts'],
  ['a host with its port', { clientHosts: ['client.example:8443'] }, null],
  ['a host with the port of https', { clientHosts: ['client.example:443'] }, 'clientHosts.0'],
  ['a host in upper case', { clientHosts: ['Client.example'] }, 'clientHosts.0'],
  ['a URL as host', { clientHosts: ['https://client.example'] }, 'clientHosts.0'],
  ['20 schemes', { redirectSchemes: names(20) }, null],
  ['21 schemes', { redirectSchemes: names(21) }, 'redirectSchemes'],
  ['the scheme of an editor', { redirectSchemes: ['cursor', 'com.example.app'] }, null],
  ['a scheme of browsers', { redirectSchemes: ['javascript'] }, 'redirectSchemes.0'],
  ['http as scheme', { redirectSchemes: ['http'] }, 'redirectSchemes.0'],
  ['a scheme with its colon', { redirectSchemes: ['cursor:'] }, 'redirectSchemes.0'],
  ['a scheme of 64 characters', { redirectSchemes: [chars(64)] }, 'redirectSchemes.0'],
  ['null for registration', { allowsRegistration: null }, 'allowsRegistration'],
])('%s: %#', async (_, input, path) => {
  const { userErrors } = await set(input)
  expect(userErrors.map(({ code, path: where }) => [code, where?.slice(1).join('.')])).toEqual(path === null ? [] : [['INVALID', path]])
})

test('an issuer at an address that is not public is refused', async () => {
  for (const issuer of ['https://127.0.0.1', 'https://169.254.169.254', 'https://localhost', 'http://id.example']) {
    const { userErrors } = await oidc({ issuer })
    expect(userErrors[0]).toMatchObject({ code: 'URL_NOT_ALLOWED', path: ['input', 'signIn', 'oidc', 'issuer'] })
  }
})

test('an API key cannot set it, and is told to use the token of a member', async () => {
  const input = { apiKeyId: key.id, signIn: product }
  const { userErrors } = await app.mutate(acme.sandboxKey, 'setOAuthConfiguration', input, 'configuration { signInMethod }')
  const message = 'No API key can hold the permission "oauth_configuration:update". Repeat the request with the token of a member.'
  expect(userErrors).toMatchObject([{ code: 'FORBIDDEN', message }])
})

test('both ways to sign in, or none, is refused', async () => {
  for (const signIn of [{}, { oidc: provider, ...product }]) {
    const variables = { input: { apiKeyId: key.id, signIn } }
    const document = 'mutation ($input: SetOAuthConfigurationInput!) { setOAuthConfiguration(input: $input) { userErrors { code } } }'
    expect((await app.run(acme.adminToken, document, variables)).errors).toHaveLength(1)
  }
})

const secretOf = async (): Promise<string | null> => {
  const { em } = systemContext(app.services, acme.id)
  const configuration = await em.findOneOrFail(OAuthConfiguration, { environment: 'SANDBOX' })
  const { sealedOidcClientSecret: sealed } = configuration
  return sealed === null ? null : open(app.services.masterKeys, oidcClientSecretAad(configuration), sealed)
}

test('the client secret is kept for the same client alone, and is never returned or stored in clear', async () => {
  const secret = 'the secret of the client'
  expect((await oidc({ clientSecret: secret })).configuration).toMatchObject({ hasClientSecret: true })
  expect(await secretOf()).toBe(secret)
  await oidc({ scopes: ['email'] })
  expect(await secretOf()).toBe(secret)
  await oidc({ clientId: 'another' })
  expect(await secretOf()).toBeNull()
  await oidc({ clientSecret: secret })
  await oidc({ issuer: 'https://evil.example' })
  expect(await secretOf()).toBeNull()
  await oidc({ clientSecret: secret })
  expect((await oidc({ clientSecret: null })).configuration).toMatchObject({ hasClientSecret: false })
  await oidc({ clientSecret: secret })
  const rows = JSON.stringify([
    await executeSql(app, 'select * from oauth_configuration'),
    await executeSql(app, 'select * from audit_event'),
  ])
  for (const place of [rows, app.log]) expect(place).not.toContain(secret)
})

test('a key that is revoked or expired is refused, and one that is suspended is not', async () => {
  const end = new Date(app.clock.now().getTime() + 1000)
  const [revoked, expired, suspended] = [await acme.apiKey(), await acme.apiKey({ expiresAt: end }), await acme.apiKey()]
  await app.mutate(acme.adminToken, 'revokeApiKey', { id: revoked.id }, 'apiKey { id }')
  await app.mutate(acme.adminToken, 'suspendApiKey', { id: suspended.id }, 'apiKey { id }')
  app.clock.advance(1000)
  const codes = []
  for (const { id } of [revoked, expired, suspended]) codes.push((await set({ apiKeyId: id })).userErrors[0]?.code)
  expect(codes).toEqual(['INVALID_STATE', 'INVALID_STATE', undefined])
})
