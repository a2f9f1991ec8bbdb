/** Issuers per organization and environment: a service accepts tokens of its own issuer only. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'

import { grantHandlers } from '../src/authorization-server/token/grant-handlers.js'
import { newId } from '../src/lib/id.js'
import { issuerUrl } from '../src/lib/issuer.js'
import { startApp, type TestApp, type AnswerBody } from './support/app.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { openSqlConnection, type SqlConnection } from './support/sql-connection.js'
import { audience, claimsOf, exchange, signClaims, type Claims } from './support/tokens.js'

const ceo = { externalUserId: 'ceo@acme.example', permissions: ['*'] }

let app: TestApp
let acme: SeededOrganization
let stranger: SeededOrganization
let database: SqlConnection
let issuer: string
beforeAll(async () => {
  app = await startApp({ KEYHOUSE_URL: 'https://keyhouse.test' })
  // jose looks at the real clock.
  app.clock.at = new Date()
  acme = await organization(app)
  stranger = await organization(app)
  issuer = issuerUrl(app.config.url, acme.id, 'PRODUCTION')
  database = await openSqlConnection(app.env)
})
afterAll(async () => {
  await database.close()
  await app.close()
})

const productionKey = async (of: SeededOrganization): Promise<string> =>
  (await of.apiKey({ environment: 'PRODUCTION', permissions: ['*'] })).secret

type Body = Pick<AnswerBody, 'errors'> & { readonly keys: readonly unknown[] }
const get = async (path: string): Promise<{ status: number; body: Body; headers: Headers }> => {
  const response = await fetch(`${app.url}${path}`)
  return { status: response.status, body: (await response.json()) as Body, headers: response.headers }
}

describe('a service of the production of Acme, by the documented recipe', () => {
  const verify = async (token: string): Promise<unknown> => {
    const jwks = createRemoteJWKSet(new URL(`${issuer.replace(app.config.url, app.url)}/.well-known/jwks.json`))
    return (await jwtVerify(token, jwks, { issuer, audience, typ: 'at+jwt', algorithms: ['ES256'] })).payload.sub
  }

  test('accepts a token of its own issuer', async () => {
    expect(await verify((await exchange(app, await productionKey(acme), ceo)).token)).toBe(ceo.externalUserId)
  })

  test.each([
    ['another organization', async () => productionKey(stranger)],
    ['its own sandbox', () => Promise.resolve(acme.sandboxKey)],
    ['the sandbox of another organization', () => Promise.resolve(stranger.sandboxKey)],
  ])('refuses the same subject and audience from %s', async (_from, key) => {
    await expect(verify((await exchange(app, await key(), ceo)).token)).rejects.toThrow('"iss"')
  })
})

describe('Keyhouse itself', () => {
  const here = async (token: string): Promise<[status: number, isActive: boolean]> => {
    const { introspection } = await app.mutate(acme.sandboxKey, 'introspectToken', { token }, 'introspection { active issuer }')
    const claimed = introspection.active ? claimsOf(token).iss : null
    expect(introspection.issuer).toBe(claimed)
    return [(await app.run(token, '{ viewer { kind } }')).status, introspection.active]
  }
  const own = async (): Promise<Claims> => claimsOf((await exchange(app, acme.sandboxKey, { audience: app.config.url })).token)

  test('believes the issuer of the record alone, whatever the signature says', async () => {
    const claims = await own()
    expect(await here(await signClaims(app, 'at+jwt', claims))).toEqual([200, true])
    for (const iss of [
      app.config.url,
      issuerUrl(app.config.url, acme.id, 'PRODUCTION'),
      issuerUrl(app.config.url, stranger.id, 'SANDBOX'),
      issuerUrl('http://other.test', acme.id, 'SANDBOX'),
      `${claims.iss}/`,
      [claims.iss],
      null,
      undefined,
    ]) {
      expect(await here(await signClaims(app, 'at+jwt', { ...claims, iss }))).toEqual([401, false])
    }
  })

  test('believes the deployment as issuer of the tokens that were recorded before the upgrade, and of no others', async () => {
    const claims = await own()
    await database.run('update access_token set has_tenant_issuer = false where id = ?', [claims.jti])
    expect(await here(await signClaims(app, 'at+jwt', { ...claims, iss: app.config.url }))).toEqual([200, true])
    expect(await here(await signClaims(app, 'at+jwt', claims))).toEqual([401, false])
    // Whatever is exchanged from now on is marked, however old it says it is.
    const later = await own()
    expect(await here(await signClaims(app, 'at+jwt', { ...later, iss: app.config.url, iat: 0 }))).toEqual([401, false])
  })

  test('is no audience by the name of an issuer', async () => {
    const { token } = await exchange(app, acme.sandboxKey, { audience: issuerUrl(app.config.url, acme.id, 'SANDBOX') })
    expect(await here(token)).toEqual([401, true])
  })

  test('keeps its URL as issuer of personal tokens', async () => {
    const claims = claimsOf(acme.adminToken)
    expect(claims).toMatchObject({ iss: app.config.url, aud: app.config.url })
    const another = await signClaims(app, 'kh-personal+jwt', { ...claims, iss: issuerUrl(app.config.url, acme.id, 'SANDBOX') })
    expect((await app.run(another, '{ viewer { kind } }')).status).toBe(401)
  })
})

describe('the API tells it', () => {
  const sandbox = (): string => issuerUrl(app.config.url, acme.id, 'SANDBOX')

  test('with each token', async () => {
    const input = { audience, externalUserId: 'jane' }
    const made = await app.mutate(acme.sandboxKey, 'exchangeApiKey', input, 'issuer token')
    expect(made.issuer).toBe(claimsOf(made.token).iss)
    const refused = await app.mutate(acme.sandboxKey, 'exchangeApiKey', { ...input, audience: 'nowhere' }, 'issuer')
    expect(refused).toMatchObject({ issuer: null, userErrors: [{ code: 'INVALID' }] })
  })

  test('to keys and tokens of an environment, and not to people, who see both', async () => {
    const issuerOf = async (credential: string, headers = {}): Promise<unknown> =>
      (await app.run(credential, '{ viewer { issuer } }', {}, headers)).data.viewer.issuer
    expect(await issuerOf(acme.sandboxKey)).toBe(sandbox())
    expect(await issuerOf(acme.sandboxKey, { 'x-on-behalf-of': 'jane' })).toBe(sandbox())
    expect(await issuerOf(await productionKey(acme))).toBe(issuer)
    expect(await issuerOf((await exchange(app, acme.sandboxKey, { audience: app.config.url })).token)).toBe(sandbox())
    expect(await issuerOf(acme.adminToken)).toBeNull()
  })

  test('of both environments with the organization', async () => {
    const { data } = await app.run(acme.adminToken, '{ organization { issuers { environment url } } }')
    expect(data.organization.issuers).toEqual([
      { environment: 'SANDBOX', url: sandbox() },
      { environment: 'PRODUCTION', url: issuer },
    ])
  })
})

describe('its documents', () => {
  const path = (): string => `/o/${acme.id}/production`
  const metadataPaths = (of: string): string[] => [
    `${of}/.well-known/openid-configuration`,
    `/.well-known/openid-configuration${of}`,
    `/.well-known/oauth-authorization-server${of}`,
  ]

  test('are its metadata, appended and path-inserted', async () => {
    for (const at of metadataPaths(path())) {
      const { status, body, headers } = await get(at)
      expect([status, headers.get('cache-control'), headers.get('access-control-allow-origin')]).toEqual([200, 'public, max-age=300', '*'])
      expect(body).toEqual({
        issuer,
        authorization_endpoint: `${issuer}/oauth/authorize`,
        token_endpoint: `${issuer}/oauth/token`,
        registration_endpoint: `${issuer}/oauth/register`,
        revocation_endpoint: `${issuer}/oauth/revoke`,
        introspection_endpoint: `${issuer}/oauth/introspect`,
        jwks_uri: `${issuer}/.well-known/jwks.json`,
        response_types_supported: ['code'],
        response_modes_supported: ['query'],
        grant_types_supported: Object.keys(grantHandlers),
        code_challenge_methods_supported: ['S256'],
        token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'],
        revocation_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'],
        introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
        authorization_response_iss_parameter_supported: true,
        client_id_metadata_document_supported: true,
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['EdDSA', 'ES256', 'RS256'],
      })
    }
  })

  test.each(['oidc', 'oauth2'] as const)('are found by oauth4webapi as %s, which then takes a token and no other', async (algorithm) => {
    // It insists on TLS, and there is none on loopback.
    const options = {
      algorithm,
      [oauth.customFetch]: (url: string): Promise<Response> => fetch(url.replace(app.config.url, app.url)),
    }
    const server = await oauth.processDiscoveryResponse(new URL(issuer), await oauth.discoveryRequest(new URL(issuer), options))
    const verify = async (secret: string): Promise<unknown> => {
      const { token } = await exchange(app, secret)
      const request = new Request(audience, { headers: { authorization: `Bearer ${token}` } })
      return (await oauth.validateJwtAccessToken(server, request, audience, options)).sub
    }
    expect(await verify(await productionKey(acme))).toBe('jane')
    for (const other of [acme.sandboxKey, await productionKey(stranger)]) await expect(verify(other)).rejects.toThrow('"iss"')
  })

  test('are the key set, the same as that of the deployment', async () => {
    const { body } = await get(`${path()}/.well-known/jwks.json`)
    expect(body).toEqual((await get('/.well-known/jwks.json')).body)
    expect(body.keys).toHaveLength(2)
  })

  test('answer for an organization that never was as for one that is', async () => {
    const nobody = `/o/${newId('org', app.clock.now())}/sandbox`
    for (const at of [`${nobody}/.well-known/jwks.json`, ...metadataPaths(nobody)]) expect((await get(at)).status).toBe(200)
  })

  test('are not there for what is no issuer', async () => {
    for (const wrong of [
      `/o/${acme.id}/staging`,
      `/o/${acme.id}/PRODUCTION`,
      `/o/${acme.id.slice(0, -1)}/production`,
      `/o/${acme.id}0/production`,
      `/o/${acme.id.toUpperCase()}/production`,
      `/o/${acme.projectId}/production`,
      `/o/${acme.id}%00/production`,
    ]) {
      for (const at of [`${wrong}/.well-known/jwks.json`, ...metadataPaths(wrong)]) {
        const { status, body } = await get(at)
        expect([status, body.errors[0].extensions.code]).toEqual([404, 'BAD_REQUEST'])
      }
    }
    expect((await get(`/o/${acme.id}/production`)).status).toBe(404)
  })
})
