/** Verification of access tokens by common libraries, in every algorithm, and refusal of similar tokens. */
import { createHmac, createPublicKey } from 'node:crypto'

import { afterAll, describe, expect, test, beforeAll } from '@jest/globals'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'

import { issuerUrl } from '../src/lib/issuer.js'
import { startApp, type TestApp } from './support/app.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { audience, claimsOf, exchange, signClaims, headerOf, signingKey } from './support/tokens.js'

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

describe.each(['EdDSA', 'ES256', 'RS256'] as const)('%s', (algorithm) => {
  let app: TestApp
  let acme: SeededOrganization
  beforeAll(async () => {
    app = await startApp({ KEYHOUSE_JWT_ALGORITHM: algorithm })
    // Libraries of record look at the real clock.
    app.clock.at = new Date()
    acme = await organization(app)
  })
  afterAll(() => app.close())

  const withJose = async (token: string, aud = audience): Promise<object> => {
    const jwks = createRemoteJWKSet(new URL(`${app.url}/.well-known/jwks.json`))
    const options = {
      issuer: issuerUrl(app.config.url, acme.id, 'SANDBOX'),
      audience: aud,
      typ: 'at+jwt',
      algorithms: ['EdDSA', 'ES256', 'RS256'],
    }
    return (await jwtVerify(token, jwks, options)).payload
  }
  const withOauth = (token: string, aud = audience): Promise<object> => {
    const server = { issuer: issuerUrl(app.config.url, acme.id, 'SANDBOX'), jwks_uri: 'https://keyhouse.test/.well-known/jwks.json' }
    const request = new Request('https://agents.example', { headers: { authorization: `Bearer ${token}` } })
    return oauth.validateJwtAccessToken(server, request, aud, {
      // It insists on TLS, and there is none on loopback.
      [oauth.customFetch]: (url) => fetch(url.replace('https://keyhouse.test', app.url)),
    })
  }
  /** Whether Keyhouse itself takes it for a caller, and what its introspection says. */
  const here = async (token: string): Promise<[status: number, isActive: boolean]> => {
    const caller = await app.run(token, '{ viewer { kind } }')
    const { introspection } = await app.mutate(acme.sandboxKey, 'introspectToken', { token }, 'introspection { active }')
    return [caller.status, introspection.active]
  }

  test('jose and oauth4webapi accept an access token', async () => {
    const { token, accessToken } = await exchange(app, acme.sandboxKey, { permissions: ['agent:read'] })
    expect(headerOf(token)).toEqual({ alg: algorithm, typ: 'at+jwt', kid: (await signingKey(app, 'CURRENT')).id })
    expect(await withJose(token)).toMatchObject({ sub: 'jane', jti: accessToken.id, permissions: ['agent:read'] })
    expect(await withOauth(token)).toEqual(claimsOf(token))
  })

  test('the public key holds nothing private', async () => {
    const { keys } = (await (await fetch(`${app.url}/.well-known/jwks.json`)).json()) as { keys: Record<string, string>[] }
    expect(keys.map(({ alg, use }) => [alg, use])).toEqual([
      [algorithm, 'sig'],
      [algorithm, 'sig'],
    ])
    for (const key of keys) for (const part of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(key).not.toHaveProperty(part)
  })

  test('personal tokens never pass as access tokens, nor the reverse', async () => {
    await expect(withJose(acme.adminToken, app.config.url)).rejects.toThrow('typ')
    await expect(withOauth(acme.adminToken, app.config.url)).rejects.toThrow()
    expect((await app.run(acme.adminToken, '{ viewer { kind } }')).data.viewer.kind).toBe('PERSONAL_TOKEN')
    expect(await here(acme.adminToken)).toEqual([200, false])
    // The claims of the one under the type of the other, with a signature that is good.
    const { token } = await exchange(app, acme.sandboxKey, { audience: app.config.url })
    expect(await here(token)).toEqual([200, true])
    expect(await here(await signClaims(app, 'kh-personal+jwt', claimsOf(token)))).toEqual([401, false])
    expect(await here(await signClaims(app, 'at+jwt', claimsOf(acme.adminToken)))).toEqual([401, false])
    expect(await here(await signClaims(app, 'JWT', claimsOf(token)))).toEqual([401, false])
    expect(await here(await signClaims(app, 'application/at+jwt', claimsOf(token)))).toEqual([401, false])
  })

  test('another audience or issuer passes nowhere', async () => {
    const { token } = await exchange(app, acme.sandboxKey)
    expect(await here(token)).toEqual([401, true])
    await expect(withJose(token, 'https://other.example')).rejects.toThrow('aud')
    await expect(withOauth(token, `${audience}/`)).rejects.toThrow()
    const { token: own } = await exchange(app, acme.sandboxKey, { audience: app.config.url })
    const claims = claimsOf(own)
    for (const aud of [`${app.config.url}/`, [app.config.url], [app.config.url, 'https://x.example'], null, undefined]) {
      expect((await app.run(await signClaims(app, 'at+jwt', { ...claims, aud }), '{ viewer { kind } }')).status).toBe(401)
    }
    for (const iss of [app.config.url, `${claims.iss}/`, claims.iss.replace('sandbox', 'production'), 'https://other.example', undefined]) {
      expect(await here(await signClaims(app, 'at+jwt', { ...claims, iss }))).toEqual([401, false])
    }
    for (const jti of ['at_00000000000000000000000000000000', 7, undefined]) {
      expect(await here(await signClaims(app, 'at+jwt', { ...claims, jti }))).toEqual([401, false])
    }
    await expect(withJose(await signClaims(app, 'at+jwt', { ...claims, iss: 'https://other.example' }), app.config.url)).rejects.toThrow(
      'iss',
    )
  })

  test('no other algorithm passes: none, HMAC with the public key, a key of its own', async () => {
    const { token } = await exchange(app, acme.sandboxKey, { audience: app.config.url })
    const [, payload, signature] = token.split('.') as [string, string, string]
    const { id: kid, publicJwk } = await signingKey(app, 'CURRENT')
    const pem = createPublicKey({ key: publicJwk, format: 'jwk' }).export({ format: 'pem', type: 'spki' }).toString()
    const hmac = (secret: string | Buffer): string => {
      const input = `${base64url({ alg: 'HS256', kid, typ: 'at+jwt' })}.${payload}`
      return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
    }
    const forgeries = [
      `${base64url({ alg: 'none', kid, typ: 'at+jwt' })}.${payload}.`,
      `${base64url({ alg: 'none', kid, typ: 'at+jwt' })}.${payload}.${signature}`,
      hmac(pem),
      hmac(JSON.stringify(publicJwk)),
      hmac(Buffer.from(publicJwk.x ?? publicJwk.n ?? '', 'base64url')),
      ...['EdDSA', 'ES256', 'RS256']
        .filter((other) => other !== algorithm)
        .map((alg) => `${base64url({ alg, kid, typ: 'at+jwt' })}.${payload}.${signature}`),
      `${base64url({ alg: algorithm, kid: 'sk_00000000000000000000000000000000', typ: 'at+jwt' })}.${payload}.${signature}`,
      `${base64url({ alg: algorithm, typ: 'at+jwt', jwk: publicJwk })}.${payload}.${signature}`,
      `${base64url({ alg: algorithm, kid: (await signingKey(app, 'NEXT')).id, typ: 'at+jwt' })}.${payload}.${signature}`,
      token.replace(/\.[^.]+\./, `.${base64url({ ...claimsOf(token), permissions: ['*'], sub: 'john' })}.`),
      `${token}.`,
      token.slice(0, -8),
      `.${payload}.${signature}`,
      '..',
    ]
    for (const forgery of forgeries) {
      expect(await here(forgery)).toEqual([401, false])
      await expect(withJose(forgery, app.config.url)).rejects.toThrow()
      await expect(withOauth(forgery, app.config.url)).rejects.toThrow()
    }
    expect(await here(token)).toEqual([200, true])
  })
})
