/** Token endpoint: its form, the authentication of clients, and the form of its refusals. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'

import { maxFormBytes } from '../../src/authorization-server/form.js'
import { maxUnknownCredentials } from '../../src/http/rate-limits.js'
import { newId } from '../../src/lib/id.js'
import { startApp, type TestApp } from '../support/app.js'
import { basic, IssuerClient, refusalOf } from '../support/oauth-endpoints.js'
import { organization, type SeededKey, type SeededOrganization } from '../support/seed.js'
import { audience } from '../support/tokens.js'

let app: TestApp
let acme: SeededOrganization
let key: SeededKey
let sandbox: IssuerClient
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
  key = await acme.apiKey({ permissions: ['agent:*'] })
  sandbox = new IssuerClient(app, acme)
})
afterAll(() => app.close())

const machine = { grant_type: 'client_credentials', resource: audience }

describe('a client', () => {
  test('authenticates by the Basic scheme, or by its secret in the form', async () => {
    const inForm = await sandbox.post('token', { ...machine, client_id: key.id, client_secret: key.secret })
    const byHeader = await sandbox.post('token', { ...machine, client_id: key.id }, key)
    expect([inForm.status, byHeader.status]).toEqual([200, 200])
    for (const { headers, body } of [inForm, byHeader]) {
      expect([headers.get('cache-control'), headers.get('pragma'), headers.get('access-control-allow-origin')]).toEqual([
        'no-store',
        'no-cache',
        '*',
      ])
      expect(body).toEqual({ access_token: expect.any(String), token_type: 'Bearer', expires_in: 3600, scope: 'agent:*' })
    }
  })

  test('is refused with a wrong secret, id or issuer in the same words', async () => {
    const { id, secret } = key
    const stranger = await organization(app)
    const production = await acme.apiKey({ environment: 'PRODUCTION', permissions: ['agent:*'] })
    const refused = [
      await sandbox.post('token', machine, { id, secret: `${secret.slice(0, -1)}!` }),
      await sandbox.post('token', machine, { id: newId('key', app.clock.now()), secret }),
      await sandbox.post('token', machine, { id: 'jane', secret: 'a b+c%25' }),
      await sandbox.post('token', machine, { id, secret: acme.adminToken }),
      await sandbox.post('token', machine, await stranger.apiKey()),
      await sandbox.post('token', machine, production),
      await new IssuerClient(app, stranger).post('token', machine, key),
      await new IssuerClient(app, acme, 'PRODUCTION').post('token', machine, key),
    ]
    for (const { status, headers, body } of refused) {
      expect([status, headers.get('www-authenticate'), headers.get('cache-control')]).toEqual([
        401,
        'Basic realm="keyhouse", charset="UTF-8"',
        'no-store',
      ])
      expect(body).toEqual({
        error: 'invalid_client',
        error_description: 'The client id or its secret is not valid. Send the id and the secret of an API key of this issuer.',
      })
    }
    expect((await new IssuerClient(app, acme, 'PRODUCTION').post('token', machine, production)).status).toBe(200)
  })

  test('whose key is revoked, suspended or expired is no client', async () => {
    const [revoked, suspended] = [await acme.apiKey(), await acme.apiKey()]
    await app.mutate(acme.sandboxKey, 'revokeApiKey', { id: revoked.id }, 'apiKey { id }')
    await app.mutate(acme.sandboxKey, 'suspendApiKey', { id: suspended.id, reason: 'test' }, 'apiKey { id }')
    const texts = await Promise.all([revoked, suspended].map(async (each) => (await sandbox.post('token', machine, each)).body))
    expect(texts).toEqual([
      { error: 'invalid_client', error_description: 'This API key is revoked. Use another key.' },
      { error: 'invalid_client', error_description: expect.stringContaining('This API key is suspended.') },
    ])
  })

  test.each<[string, (form: Record<string, string>) => Parameters<IssuerClient['post']>[1], Record<string, string>]>([
    ['without credentials', (form) => form, {}],
    ['with a secret and no id', (form) => ({ ...form, client_secret: 'secret' }), {}],
    ['with another scheme', (form) => form, { authorization: 'Digest abc' }],
    ['with Basic credentials that are not base64', (form) => form, { authorization: 'Basic ***' }],
    ['with Basic credentials without a colon', (form) => form, { authorization: `Basic ${Buffer.from('alone').toString('base64')}` }],
    ['with a malformed percent-encoding', (form) => form, { authorization: `Basic ${Buffer.from('key_a:%zz').toString('base64')}` }],
    ['that is public', (form) => ({ ...form, client_id: 'https://client.example/id.json' }), {}],
  ])('%s is not authenticated', async (_how, form, headers) => {
    const { status, body } = await sandbox.post('token', form(machine), null, headers)
    expect([status, body.error]).toEqual([401, 'invalid_client'])
    expect(body.error_description).toMatch(/^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/)
  })

  test('authenticates in one way only', async () => {
    for (const more of [{ client_secret: key.secret }, { client_id: 'another' }])
      expect(refusalOf(await sandbox.post('token', { ...machine, ...more }, key))).toBe('400 invalid_request')
  })

  test('is counted by its address when it is unknown, and a known one is not refused then', async () => {
    const fresh = await startApp()
    try {
      const world = await organization(fresh)
      const known = await world.apiKey()
      const client = new IssuerClient(fresh, world)
      for (let i = 0; i < maxUnknownCredentials; i++) await client.post('token', machine, { id: known.id, secret: `guess-${i}` })
      const over = await client.post('token', machine, { id: known.id, secret: 'guess' })
      expect([refusalOf(over), over.headers.get('retry-after')]).toEqual(['429 temporarily_unavailable', '60'])
      expect((await client.post('token', machine, known)).status).toBe(200)
    } finally {
      await fresh.close()
    }
  })
})

describe('the form', () => {
  const send = async (
    body: string | Buffer,
    type = 'application/x-www-form-urlencoded',
  ): Promise<{ status: number; body: { error: string; error_description: string } }> => {
    const path = new URL(sandbox.issuer).pathname
    const response = await fetch(`${app.url}${path}/oauth/token`, {
      method: 'POST',
      headers: { ...basic(key), 'content-type': type },
      body,
    })
    return { status: response.status, body: (await response.json()) as never }
  }

  test.each([
    ['grant_type', 'grant_type=client_credentials&grant_type=client_credentials&resource=https://a.example', 'invalid_request'],
    ['a parameter that nobody knows', 'grant_type=client_credentials&x=1&x=2&resource=https://a.example', 'invalid_request'],
    ['resource', 'grant_type=client_credentials&resource=https://a.example&resource=https://b.example', 'invalid_target'],
    ['audience', 'grant_type=client_credentials&audience=https://a.example&audience=https://a.example', 'invalid_target'],
  ])('has each parameter once: %s', async (_name, body, error) => {
    expect(await send(body)).toMatchObject({ status: 400, body: { error } })
  })

  test('may have unknown parameters, and one without a value counts as omitted', async () => {
    expect((await send(`grant_type=client_credentials&resource=${audience}&x=1&scope=&scope=`)).status).toBe(200)
    expect(await send('grant_type=&resource=a')).toMatchObject({
      status: 400,
      body: { error_description: 'The parameter grant_type is required.' },
    })
    expect((await send('')).status).toBe(400)
  })

  test.each([
    [maxFormBytes, 200],
    [maxFormBytes + 1, 413],
  ])('of %i bytes is answered with %i', async (bytes, status) => {
    const start = `grant_type=client_credentials&resource=${audience}&filler=`
    const { body, ...answer } = await send(start.padEnd(bytes, 'x'))
    expect(answer.status).toBe(status)
    if (status === 413)
      expect(body).toEqual({ error: 'invalid_request', error_description: `The form must have at most ${maxFormBytes} bytes.` })
  })

  test('of another media type is refused', async () => {
    for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x'])
      expect(await send('{}', type)).toEqual({
        status: 400,
        body: { error: 'invalid_request', error_description: 'Send a form with Content-Type: application/x-www-form-urlencoded.' },
      })
  })

  test('repeats nothing of the request in a refusal', async () => {
    const secret = 'kh_sand_not-a-parameter-but-a-secret'
    for (const body of [
      `${secret}=1&${secret}=2`,
      `grant_type=${secret}`,
      `grant_type=client_credentials&resource=${secret}`,
      `grant_type=client_credentials&resource=${audience}&scope=${secret}`,
    ])
      expect(JSON.stringify(await send(body))).not.toContain(secret)
  })

  test('asks for a grant type of the table, which no name of Object.prototype is', async () => {
    for (const type of ['password', 'constructor', '__proto__', 'toString'])
      expect(await send(`grant_type=${type}`)).toMatchObject({ status: 400, body: { error: 'unsupported_grant_type' } })
  })
})

test('a path that is no issuer has no token endpoint', async () => {
  for (const path of [`/o/${acme.id}/staging`, `/o/${acme.projectId}/sandbox`, '/o/x/sandbox']) {
    const response = await fetch(`${app.url}${path}/oauth/token`, { method: 'POST', body: new URLSearchParams(machine) })
    expect(response.status).toBe(404)
  }
})

test('a page of any origin may call it, with the protocol version of MCP', async () => {
  const { status, headers } = await fetch(`${app.url}${new URL(sandbox.issuer).pathname}/oauth/token`, {
    method: 'OPTIONS',
    headers: {
      origin: 'https://inspector.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'mcp-protocol-version',
    },
  })
  expect([status, headers.get('access-control-allow-origin'), headers.get('access-control-allow-headers')]).toEqual([
    204,
    '*',
    'authorization, content-type, mcp-protocol-version',
  ])
  expect(headers.get('access-control-allow-credentials')).toBeNull()
})

test('an unexpected error is in the log, and in the form of OAuth', async () => {
  const signing = jest.spyOn(app.services.keyring, 'sign').mockRejectedValueOnce(new Error('the key is gone'))
  const { status, headers, body } = await sandbox.post('token', machine, key)
  signing.mockRestore()
  expect([status, headers.get('cache-control')]).toEqual([500, 'no-store'])
  expect(body).toEqual({
    error: 'server_error',
    error_description: 'Internal server error. Report the request id to the operator of this server.',
  })
  expect(app.log).toContain('the key is gone')
})

test('the rate limits of the key hold', async () => {
  const limited = await acme.apiKey({ rateLimits: [{ window: 'MINUTE', max: 1 }] } as never)
  expect((await sandbox.post('token', machine, limited)).headers.get('ratelimit')).toBe('"minute";r=0;t=60')
  expect(refusalOf(await sandbox.post('token', machine, limited))).toBe('429 temporarily_unavailable')
})
