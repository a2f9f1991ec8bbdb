/** Authorization and X-On-Behalf-Of: every form at its boundary, and the refusals before execution. */
import { request } from 'node:http'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { generateApiKey } from '../src/lib/api-key-format.js'
import { codeOf, startApp, type TestApp, type AnswerBody } from './support/app.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
})
afterAll(() => app.close())

const who = '{ viewer { kind endUser { externalId } } }'

interface RawAnswer {
  readonly status: number
  readonly headers: Record<string, unknown>
  readonly body: AnswerBody
}

/** Headers byte by byte, repeated ones included, as fetch would not send them. */
function raw(headers: [name: string, value: string][], body: string | null = JSON.stringify({ query: who })): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const flat = [['host', 'keyhouse.test'], ['content-type', 'application/json'], ...headers].flat()
    const sent = request(
      `${app.url}/graphql`,
      { method: 'POST', headers: [...flat, 'content-length', String(Buffer.byteLength(body ?? ''))] },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text === '' ? undefined : JSON.parse(text) }),
        )
      },
    )
    sent.on('error', reject).end(body)
  })
}

const bearer = (text: string): [string, string] => ['authorization', `Bearer ${text}`]
const onBehalfOf = (text: string): [string, string] => ['x-on-behalf-of', text]

describe('X-On-Behalf-Of', () => {
  test.each([
    ['1 character', 'u'],
    ['150 characters', 'u'.repeat(150)],
    ['all of printable ASCII', String.fromCharCode(...Array.from({ length: 0x5f }, (_, i) => 0x20 + i)).trim()],
    ['an inner space', 'a b'],
    ['two stars', '**'],
    ['upper case, kept', 'AbC'],
  ])('%s: that end user', async (_, id) => {
    const { status, body } = await raw([bearer(acme.sandboxKey), onBehalfOf(id)])
    expect([status, body.data.viewer.endUser.externalId]).toEqual([200, id])
  })

  test.each([
    ['0 characters', ['']],
    ['151 characters', ['u'.repeat(151)]],
    ['a star', ['*']],
    ['only a space', [' ']],
    ['beyond ASCII', ['\u00e9']],
    ['a control character', ['a\tb']],
    ['sent twice', ['a', 'b']],
    ['sent twice alike', ['a', 'a']],
    ['sent twice, once bad', ['a', '']],
  ])('%s: 400, never the undelegated caller', async (_, values) => {
    const { status, headers, body } = await raw([bearer(acme.sandboxKey), ...values.map(onBehalfOf)])
    expect([status, body.errors[0].extensions.code, body.data]).toEqual([400, 'BAD_REQUEST', undefined])
    expect(body.errors[0].extensions.requestId).toBe(headers['x-request-id'])
    expect(headers['www-authenticate']).toBeUndefined()
  })

  test('a personal token with this header gets 400', async () => {
    const { status, body } = await raw([bearer(acme.adminToken), onBehalfOf('u')])
    expect([status, body.errors[0].extensions.code]).toEqual([400, 'BAD_REQUEST'])
  })

  test.each([['u'], ['*']])('the header %j without Authorization gets 401', async (id) => {
    const { status, headers, body } = await raw([onBehalfOf(id)])
    expect([status, body.errors[0].extensions.code]).toEqual([401, 'UNAUTHENTICATED'])
    expect(headers['www-authenticate']).toBe('Bearer realm="keyhouse"')
  })

  test.each([
    ['unknown', () => generateApiKey('kh', 'SANDBOX'), 401],
    ['revoked', async () => revokedKey(), 403],
  ])('with an %s key a bad header changes nothing: credential first', async (_, text, status) => {
    expect((await raw([bearer(await text()), onBehalfOf('*')])).status).toBe(status)
  })
})

const revokedKey = async (): Promise<string> => {
  const { id, secret } = await acme.apiKey()
  await app.mutate(acme.sandboxKey, 'revokeApiKey', { id }, 'apiKey { id }')
  return secret
}

describe('Authorization', () => {
  const typo = (text: string): string => `${text.slice(0, 20)}${text[20] === 'a' ? 'b' : 'a'}${text.slice(21)}`

  const unknown = 'The credential is not valid. Check that it is complete and was issued by this server.'
  const noScheme = 'The Authorization header lacks the Bearer scheme. Send Authorization: Bearer, a space, and the API key or token.'

  test.each<[name: string, header: () => string, message?: string]>([
    ['nothing after Bearer', () => 'Bearer '],
    ['another scheme', () => `Basic ${acme.sandboxKey}`, noScheme],
    ['no scheme, unknown', () => generateApiKey('kh', 'PRODUCTION'), noScheme],
    ['no scheme', () => acme.sandboxKey, noScheme],
    ['a typo', () => `Bearer ${typo(acme.sandboxKey)}`],
    ['one character less', () => `Bearer ${acme.sandboxKey.slice(0, -1)}`],
    ['one character more', () => `Bearer ${acme.sandboxKey}0`],
    ['two texts', () => `Bearer ${acme.sandboxKey} ${acme.sandboxKey}`],
    ['never issued', () => `Bearer ${generateApiKey('kh', 'PRODUCTION')}`],
    ['not a JWT', () => 'Bearer a.b.c'],
    ['a JWT without signature', () => `Bearer ${acme.adminToken.split('.').slice(0, 2).join('.')}.`],
    [
      'alg none',
      () => `Bearer ${Buffer.from('{"alg":"none","typ":"kh-personal+jwt"}').toString('base64url')}.${acme.adminToken.split('.')[1]}.`,
    ],
  ])('%s: 401, in the same words', async (_name, header, message = unknown) => {
    const { status, headers, body } = await raw([['authorization', header()]])
    expect([status, body.errors[0].extensions.code, body.errors[0].message]).toEqual([401, 'UNAUTHENTICATED', message])
    expect(headers['www-authenticate']).toBe(`Bearer realm="keyhouse", error="invalid_token", error_description="${message}"`)
    expect(body.errors[0].extensions.requestId).toBe(headers['x-request-id'])
    expect(JSON.stringify(body)).not.toContain(acme.sandboxKey.slice(0, 20))
  })

  test('the scheme has no case (RFC 9110 §11.1), and more than one space is let pass', async () => {
    for (const scheme of ['bearer', 'BEARER', 'Bearer  ']) {
      expect((await raw([['authorization', `${scheme} ${acme.sandboxKey}`]])).body.data.viewer.kind).toBe('API_KEY')
    }
  })

  test('a repeated header gets 400', async () => {
    const { status, body } = await raw([bearer(acme.sandboxKey), bearer(acme.sandboxKey)])
    expect([status, body.errors[0].extensions.code]).toEqual([400, 'BAD_REQUEST'])
  })

  test('a malformed credential is refused after one look-up among imported keys', async () => {
    const { queryRunner } = app.services
    const read = queryRunner.read.bind(queryRunner)
    const asked: string[] = []
    // Sweepers read beside the requests, whenever their time has come.
    const sweeps = new Set(['closed_windows', 'lapsed_approvals'])
    queryRunner.read = (query, parameters) => {
      if (!sweeps.has(query.name)) asked.push(query.name)
      return read(query, parameters)
    }
    try {
      await raw([bearer(typo(acme.sandboxKey))])
      await raw([bearer('kh_sand_short')])
      expect(asked.splice(0)).toEqual(['key_by_imported_digest', 'key_by_imported_digest'])
      await raw([bearer(acme.sandboxKey)])
      expect(asked).toEqual(['key_by_digest'])
    } finally {
      queryRunner.read = read
    }
  })

  test('an access token is not accepted as a personal token, whatever its signature', async () => {
    const input = { audience: app.config.url, externalUserId: 'u' }
    const { token } = await app.mutate(acme.sandboxKey, 'exchangeApiKey', input, 'token')
    const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())
    const header = Buffer.from(
      JSON.stringify({ ...JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()), typ: 'kh-personal+jwt' }),
    )
    expect(claims.aud).toBe(app.config.url)
    const forged = `${header.toString('base64url')}.${token.split('.').slice(1).join('.')}`
    expect((await raw([bearer(forged)])).status).toBe(401)
  })
})

describe('every answer', () => {
  test('carries X-Request-Id, and its errors repeat it', async () => {
    const answers = [
      await raw([], '{'),
      await raw([], JSON.stringify({ query: '{ nothing }' })),
      await raw([], JSON.stringify({ query: '{' })),
      await raw([], JSON.stringify({ query: who })),
      await raw([bearer(acme.sandboxKey)], JSON.stringify({ query: 'query ($id: ID!) { node(id: $id) { id } }' })),
      await raw([bearer(acme.sandboxKey)], JSON.stringify({ query: '{ apiKeys(first: 0) { totalCount } }' })),
      await raw([bearer((await acme.apiKey()).secret)], JSON.stringify({ query: '{ apiKeys { totalCount } }' })),
    ]
    const seen = answers.map(({ headers, body }) => {
      for (const { extensions } of body.errors) expect(extensions.requestId).toBe(headers['x-request-id'])
      expect(body.errors.length).toBeGreaterThan(0)
      return headers['x-request-id']
    })
    expect(new Set(seen).size).toBe(answers.length)
    const fine = await app.run(acme.sandboxKey, who)
    expect([fine.errors, fine.headers.get('x-request-id')]).toEqual([undefined, expect.stringMatching(/^req_[0-9a-f]{32}$/)])
  })

  test.each(['x', '', 'nothing_1', 'key_1'])('without a credential is 401 for node(id: %j), whatever the id looks like', async (id) => {
    const answer = await app.run(null, 'query ($id: ID!) { node(id: $id) { id } }', { id })
    expect([answer.status, codeOf(answer)]).toEqual([401, 'UNAUTHENTICATED'])
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="keyhouse"')
  })

  test('without a credential is 401 wherever one is needed, input or not', async () => {
    const answer = await app.run(null, 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: Array.from({ length: 101 }, () => 'x') })
    expect([answer.status, codeOf(answer)]).toEqual([401, 'UNAUTHENTICATED'])
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="keyhouse"')
  })
})

describe('a credential ends', () => {
  test('a key is accepted until its expiry and refused at it', async () => {
    const { secret } = await acme.apiKey({ expiresAt: new Date(app.clock.now().getTime() + 1000) })
    app.clock.advance(999)
    expect((await app.run(secret, who)).status).toBe(200)
    app.clock.advance(1)
    const answer = await app.run(secret, who)
    expect([answer.status, codeOf(answer), answer.errors?.[0]?.message]).toEqual([
      401,
      'UNAUTHENTICATED',
      'This API key is expired. Use another key.',
    ])
    expect(answer.headers.get('www-authenticate')).toContain('invalid_token')
  })

  test('a personal token is accepted until its expiry and refused at it', async () => {
    const { userId } = await acme.member('READER')
    const { token } = await acme.personalToken(userId, 'EPHEMERAL', ['agent:read'], 1000)
    app.clock.advance(999)
    expect((await app.run(token, who)).status).toBe(200)
    app.clock.advance(1)
    expect((await app.run(token, who)).status).toBe(401)
  })
})
