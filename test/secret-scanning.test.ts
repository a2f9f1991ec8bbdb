/** Reports of GitHub's secret scanning: signed by a published key, and answered with feedback for each match. */
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { sha256 } from '../src/lib/crypto/digest.js'
import { redactionText } from '../src/lib/redact/redact.js'
import { startApp, type TestApp } from './support/app.js'
import { listen, type Listening } from './support/local-server.js'
import { organization, type SeededOrganization } from './support/seed.js'

/**
 * Sample requests of GitHub's documentation of the partner program, with the public keys that made their signatures
 * (https://docs.github.com/en/code-security/secret-scanning/secret-scanning-partner-program).
 */
const samples = [
  {
    identifier: 'f9525bf080f75b3506ca1ead061add62b8633a346606dc5fe544e29231c6ee0d',
    key: 'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEsz9ugWDj5jK5ELBK42ynytbo38gPHzZFI03Exwz8Lh/tCfL3YxwMdLjB+bMznsanlhK0RwcGP3IDb34kQDIo3Q==',
    signature: 'MEUCIFLZzeK++IhS+y276SRk2Pe5LfDrfvTXu6iwKKcFGCrvAiEAhHN2kDOhy2I6eGkOFmxNkOJ+L2y8oQ9A2T9GGJo6WJY=',
    body: '[{"token":"some_token","type":"some_type","url":"some_url","source":"some_source"}]',
  },
  {
    identifier: 'bcb53661c06b4728e59d897fb6165d5c9cda0fd9cdf9d09ead458168deb7518c',
    key: 'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYAGMWO8XgCamYKMJS6jc/qgvSlAdAjPuDPRcXU22YxgBrz+zoN19MzuRyW87qEt9/AmtoNP5GrobzUvQSyJFVw==',
    signature: 'MEQCIQDaMKqrGnE27S0kgMrEK0eYBmyG0LeZismAEz/BgZyt7AIfXt9fErtRS4XaeSt/AO1RtBY66YcAdjxji410VQV4xg==',
    body: '[{"source":"commit","token":"some_token","type":"some_type","url":"https://example.com/base-repo-url/"}]',
  },
] as const

const toPem = (base64: string): string => `-----BEGIN PUBLIC KEY-----\n${base64.replace(/(.{64})/, '$1\n')}\n-----END PUBLIC KEY-----\n`

interface Signer {
  readonly pem: string
  readonly privateKey: KeyObject
}
const newSigner = (namedCurve = 'P-256'): Signer => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve })
  return { pem: String(publicKey.export({ type: 'spki', format: 'pem' })), privateKey }
}

interface Reply {
  readonly status: number
  readonly body: unknown
  readonly headers: Headers
}
async function send(app: TestApp, body: string, headers: Record<string, string>): Promise<Reply> {
  const response = await fetch(`${app.url}/github/secret-scanning`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
  return { status: response.status, body: await response.json(), headers: response.headers }
}
const signed = (body: string, { privateKey }: Signer, identifier = 'one'): Record<string, string> => ({
  'github-public-key-identifier': identifier,
  'github-public-key-signature': sign('sha256', Buffer.from(body), privateKey).toString('base64'),
})
const codeOf = ({ body }: Reply): unknown => (body as { errors?: { extensions: { code: string } }[] }).errors?.[0]?.extensions.code

test('the endpoint does not exist without keys in the configuration', async () => {
  const app = await startApp()
  try {
    const [sample] = samples
    expect((await send(app, sample.body, { 'github-public-key-identifier': sample.identifier })).status).toBe(404)
  } finally {
    await app.close()
  }
})

describe('with keys in the configuration', () => {
  const signer = newSigner()
  let app: TestApp
  let acme: SeededOrganization
  beforeAll(async () => {
    const pems = [...samples.map(({ key }) => toPem(key)), signer.pem]
    // As in a file of variables: one line.
    app = await startApp({ KEYHOUSE_GITHUB_SECRET_SCANNING_KEYS: pems.join('').replaceAll('\n', String.raw`\n`) })
    acme = await organization(app)
  })
  afterAll(() => app.close())

  test.each(samples)('the sample request of the documentation signed by $identifier is accepted', async (sample) => {
    const headers = { 'github-public-key-identifier': sample.identifier, 'github-public-key-signature': sample.signature }
    const { status, body } = await send(app, sample.body, headers)
    const feedback = { token_hash: sha256('some_token'), token_type: 'some_type', label: 'false_positive' }
    expect([status, body]).toEqual([200, [feedback]])
    const changed = sample.body.replace('some_token', 'some_tokem')
    const refused = await send(app, changed, headers)
    expect([refused.status, codeOf(refused)]).toEqual([401, 'UNAUTHENTICATED'])
  })

  test('each key of a report is revoked, with an event that tells where it was found', async () => {
    const [one, two] = [await acme.apiKey(), await acme.apiKey({ environment: 'PRODUCTION' })]
    const match = (token: string, url: string | null): object => ({ token, type: 'keyhouse', url, source: 'content' })
    const encoded = Buffer.from(two.secret).toString('hex').replaceAll(/../g, '%$&')
    const body = JSON.stringify([
      match(one.secret, `https://github.example/a?leak=${one.secret}&\u0000\ud800`),
      match('unknown', null),
      match(two.secret, `https://github.example/${'x'.repeat(1900)}?leak=${encoded}`),
      match(one.secret, null),
    ])
    const { status, body: feedback } = await send(app, body, signed(body, signer))
    const labels = (feedback as { token_hash: string; label: string }[]).map(({ token_hash: hash, label }) => [hash, label])
    expect([status, labels]).toEqual([
      200,
      [
        [sha256(one.secret), 'true_positive'],
        [sha256('unknown'), 'false_positive'],
        [sha256(two.secret), 'true_positive'],
        [sha256(one.secret), 'true_positive'],
      ],
    ])
    const events = await acme.events('api_key:report_leaked')
    expect(events.map(({ subjectId, actorId, details }) => ({ subjectId, actorId, details }))).toEqual([
      {
        subjectId: one.id,
        actorId: null,
        details: { reportedBy: 'github', url: `https://github.example/a?leak=${redactionText}&\ufffd`, source: 'content' },
      },
      {
        subjectId: two.id,
        actorId: null,
        details: { reportedBy: 'github', url: expect.stringMatching(/leak=\[removed by Keyhouse\]$/), source: 'content' },
      },
    ])
    for (const { id } of [one, two]) expect((await acme.keyRow(id)).revokedAt).toEqual(app.clock.now())
    expect(app.log).not.toContain(one.secret)
  })

  test.each([
    ['no signature', () => ({ 'github-public-key-identifier': 'one' }), 400],
    ['no identifier', (body: string) => ({ 'github-public-key-signature': signed(body, signer)['github-public-key-signature']! }), 400],
    ['a signature by another key', (body: string) => signed(body, newSigner()), 401],
    ['a signature of another body', () => signed('[]', signer), 401],
    ['a signature that is none', () => ({ ...signed('', signer), 'github-public-key-signature': '%%' }), 401],
  ])('%s is refused', async (_, headersOf, status) => {
    const body = JSON.stringify([{ token: 'x', type: 'y', url: '', source: '' }])
    expect((await send(app, body, headersOf(body))).status).toBe(status)
  })

  test.each(['{}', 'null', '[1]', '[{"token":1,"type":"a"}]', '[{"token":"","type":"a"}]', 'no json'])(
    'a signed %s is refused',
    async (body) => {
      const reply = await send(app, body, signed(body, signer))
      expect([reply.status, codeOf(reply)]).toEqual([400, 'BAD_REQUEST'])
    },
  )

  test('a report may have a mebibyte', async () => {
    const sized = (bytes: number): string => {
      const empty = JSON.stringify([{ token: 'x', type: '' }])
      return JSON.stringify([{ token: 'x', type: 't'.repeat(bytes - empty.length) }])
    }
    const statuses = []
    for (const bytes of [1_048_576, 1_048_577]) {
      const body = sized(bytes)
      const reply = await send(app, body, signed(body, signer))
      statuses.push([reply.status, codeOf(reply)])
    }
    expect(statuses).toEqual([
      [200, undefined],
      [413, 'PAYLOAD_TOO_LARGE'],
    ])
  })
})

test('after 100 bad signatures in a minute an address gets 429', async () => {
  const signer = newSigner()
  const app = await startApp({ KEYHOUSE_GITHUB_SECRET_SCANNING_KEYS: signer.pem })
  try {
    const statuses = []
    for (let i = 0; i < 101; i++) statuses.push((await send(app, '[]', signed('[1]', signer))).status)
    expect([statuses[0], statuses[99], statuses[100]]).toEqual([401, 401, 429])
    expect((await send(app, '[]', signed('[]', signer))).status).toBe(200)
  } finally {
    await app.close()
  }
})

describe('with the URL of published keys', () => {
  const [one, two] = [newSigner(), newSigner()]
  let publisher: Listening
  let published: unknown
  let fetches = 0
  let app: TestApp
  beforeAll(async () => {
    publisher = await listen((_request, response) => {
      fetches++
      if (published === undefined) response.writeHead(500).end()
      else response.end(JSON.stringify(published))
    })
    app = await startApp({
      KEYHOUSE_GITHUB_SECRET_SCANNING_KEYS: `${publisher.origin}/meta/public_keys/secret_scanning`,
      KEYHOUSE_OUTBOUND_ALLOW: new URL(publisher.origin).host,
    })
  })
  afterAll(async () => {
    await app.close()
    await publisher.close()
  })

  const publish = (keys: Record<string, string>): void => {
    published = { public_keys: Object.entries(keys).map(([identifier, key]) => ({ key_identifier: identifier, key, is_current: true })) }
  }
  const ask = (signer: Signer, identifier: string): Promise<Reply> => send(app, '[]', signed('[]', signer, identifier))

  test('the key with the identifier is fetched, kept for an hour, and looked for once a minute', async () => {
    const unavailable = await ask(one, 'one')
    expect([unavailable.status, codeOf(unavailable), unavailable.headers.get('retry-after')]).toEqual([503, 'UNAVAILABLE', '60'])
    publish({ one: one.pem, other: newSigner('P-384').pem, broken: 'x' })
    expect([(await ask(one, 'one')).status, fetches]).toEqual([503, 1])
    app.clock.advance(10_000)
    expect([(await ask(one, 'one')).status, (await ask(one, 'one')).status, fetches]).toEqual([200, 200, 2])
    publish({ two: two.pem })
    expect([(await ask(two, 'two')).status, (await ask(one, 'other')).status, fetches]).toEqual([401, 401, 2])
    app.clock.advance(59_999)
    expect([(await ask(two, 'two')).status, fetches]).toEqual([401, 2])
    app.clock.advance(1)
    expect([(await ask(two, 'two')).status, (await ask(one, 'one')).status, fetches]).toEqual([200, 401, 3])
    app.clock.advance(3_599_999)
    expect([(await ask(two, 'two')).status, fetches]).toEqual([200, 3])
    app.clock.advance(1)
    expect([(await ask(two, 'two')).status, fetches]).toEqual([200, 4])
  })
})
