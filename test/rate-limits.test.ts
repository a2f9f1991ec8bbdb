/** Rate limits: of keys over any number of processes, and of addresses that send what never was a credential. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { createApp, type App } from '../src/app.js'
import { readConfig } from '../src/config/config.js'
import { RateCounter } from '../src/entities/rate-counter.js'
import { maxUnknownCredentials } from '../src/http/rate-limits.js'
import { startApp, TestClock, type Answer, type TestApp } from './support/app.js'
import { isPostgres } from './support/database.js'
import { freePort } from './support/local-server.js'
import { startKeyhouse } from './support/process.js'
import type { Payloads } from './support/results.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
})
afterAll(() => app.close())

const ask = (credential: string, headers: Record<string, string> = {}): Promise<Answer> =>
  app.run(credential, '{ viewer { kind } }', {}, headers)
const statuses = (answers: readonly { status: number }[], status: number): number => answers.filter((one) => one.status === status).length

describe('the limits of a key', () => {
  test('let through what they say, tell what is left, and begin anew after the window of the first request', async () => {
    const { secret } = await acme.apiKey({
      rateLimits: [
        { window: 'SECOND', max: 2 },
        { window: 'MINUTE', max: 3 },
      ],
    })
    app.clock.advance(777)
    const first = await ask(secret)
    expect(first.status).toBe(200)
    expect(first.headers.get('ratelimit-policy')).toBe('"second";q=2;w=1, "minute";q=3;w=60')
    expect(first.headers.get('ratelimit')).toBe('"second";r=1;t=1, "minute";r=2;t=60')
    app.clock.advance(999)
    expect((await ask(secret)).status).toBe(200)
    const refused = await ask(secret)
    expect(refused.status).toBe(429)
    expect(refused.errors?.[0]?.extensions.code).toBe('RATE_LIMITED')
    expect(refused.data).toBeUndefined()
    expect(refused.headers.get('retry-after')).toBe('1')
    expect(refused.headers.get('ratelimit')).toBe('"second";r=0;t=1, "minute";r=1;t=60')
    app.clock.advance(1)
    // The refused one took nothing from the minute, so the third of it passes in the next second; the fourth does not.
    expect((await ask(secret)).status).toBe(200)
    const minuteIsFull = await ask(secret)
    expect(minuteIsFull.status).toBe(429)
    expect(minuteIsFull.headers.get('retry-after')).toBe('59')
    app.clock.advance(58_999)
    expect((await ask(secret)).status).toBe(429)
    app.clock.advance(1)
    expect((await ask(secret)).status).toBe(200)
  })

  test('hold for a thousand at once', async () => {
    const { secret } = await acme.apiKey({
      rateLimits: [
        { window: 'SECOND', max: 40 },
        { window: 'MINUTE', max: 70 },
      ],
    })
    const burst = async (count: number): Promise<Answer[]> => Promise.all(Array.from({ length: count }, () => ask(secret)))
    const first = await burst(1000)
    expect([statuses(first, 200), statuses(first, 429)]).toEqual([40, 960])
    app.clock.advance(1000)
    const second = await burst(500)
    expect([statuses(second, 200), statuses(second, 429)]).toEqual([30, 470])
  })

  test('are asked after the header and before the input; neither a bad header nor a refused request counts', async () => {
    const { secret } = await acme.apiKey({ rateLimits: [{ window: 'DAY', max: 1 }] })
    expect((await ask(secret, { 'x-on-behalf-of': ' ' })).status).toBe(400)
    expect((await app.run(secret, 'not graphql')).errors?.[0]?.extensions.code).toBe('GRAPHQL_PARSE_FAILED')
    expect((await app.run(secret, 'not graphql')).status).toBe(429)
    expect((await ask(secret, { 'x-on-behalf-of': '*' })).status).toBe(400)
  })

  test('that are raised or dropped hold from the next request on', async () => {
    const { id, secret } = await acme.apiKey({ rateLimits: [{ window: 'HOUR', max: 1 }] })
    expect([(await ask(secret)).status, (await ask(secret)).status]).toEqual([200, 429])
    const update = (rateLimits: object[]): Promise<unknown> =>
      app.mutate(acme.adminToken, 'updateApiKey', { id, rateLimits }, 'apiKey { id }')
    await update([{ window: 'HOUR', max: 2 }])
    expect([(await ask(secret)).status, (await ask(secret)).status]).toEqual([200, 429])
    await update([])
    const free = await ask(secret)
    expect([free.status, free.headers.get('ratelimit')]).toEqual([200, null])
  })

  test('cost a key without limits nothing', async () => {
    const { id, secret } = await acme.apiKey()
    const answer = await ask(secret)
    expect(answer.headers.get('ratelimit-policy')).toBeNull()
    expect(await acme.em.count(RateCounter, { apiKeyId: id })).toBe(0)
  })
})

describe('verifyApiKey', () => {
  const verify = async (secret: string, input: object = {}): Promise<Payloads['verifyApiKey']['verdict']> =>
    (await app.mutate(acme.adminToken, 'verifyApiKey', { secret, ...input }, 'verdict { valid code retryAfterMs apiKey { id } }')).verdict

  test('consumes from the limits of the key only when it answers VALID', async () => {
    const { id, secret } = await acme.apiKey({ rateLimits: [{ window: 'MINUTE', max: 2 }] })
    expect(await verify(secret, { environment: 'PRODUCTION' })).toMatchObject({ code: 'ENVIRONMENT_MISMATCH', retryAfterMs: null })
    expect(await verify(secret, { permissions: ['agent:run'] })).toMatchObject({ code: 'INSUFFICIENT_PERMISSIONS' })
    expect(await verify(secret)).toMatchObject({ code: 'VALID' })
    app.clock.advance(20_000)
    expect((await ask(secret)).status).toBe(200)
    expect(await verify(secret)).toEqual({ valid: false, code: 'RATE_LIMITED', retryAfterMs: 40_000, apiKey: { id } })
    expect(await verify(secret, { permissions: ['agent:run'] })).toMatchObject({ code: 'INSUFFICIENT_PERMISSIONS' })
    app.clock.advance(40_000)
    expect(await verify(secret)).toMatchObject({ code: 'VALID' })
  })
})

describe('an address', () => {
  test('that sends 100 unknown credentials in a minute waits with further ones, and keeps nobody else out', async () => {
    const other = await startApp()
    try {
      const globex = await organization(other)
      const revoked = await globex.apiKey()
      const gone = await globex.apiKey({ expiresAt: new Date(other.clock.now().getTime() + 1000) })
      await other.mutate(globex.adminToken, 'revokeApiKey', { id: revoked.id }, 'apiKey { id }')
      other.clock.advance(1000)
      const send = (credential: string): Promise<Answer> => other.run(credential, '{ viewer { kind } }')
      const guesses = ['kh_sand_nonsense', 'x.y.z', `${globex.sandboxKey.slice(0, -1)}!`, 'a']
      for (let i = 0; i < maxUnknownCredentials; i++) {
        expect((await send(guesses[i % guesses.length]!)).status).toBe(401)
        if (i % 20 === 0) expect([(await send(revoked.secret)).status, (await send(gone.secret)).status]).toEqual([403, 401])
      }
      const refused = await send('a')
      expect([refused.status, refused.errors?.[0]?.extensions.code, refused.headers.get('retry-after')]).toEqual([
        429,
        'RATE_LIMITED',
        '60',
      ])
      expect([(await send(globex.sandboxKey)).status, (await send(globex.adminToken)).status]).toEqual([200, 200])
      expect([(await send(revoked.secret)).status, (await send(gone.secret)).status]).toEqual([403, 401])
      other.clock.advance(59_999)
      expect((await send('a')).status).toBe(429)
      other.clock.advance(1)
      expect((await send('a')).status).toBe(401)
    } finally {
      await other.close()
    }
  })
})

describe('addresses of IPv6', () => {
  const guess = async (at: TestApp, address: string): Promise<number> =>
    (await at.run('a', '{ viewer { kind } }', {}, { 'x-forwarded-for': address })).status

  test('are counted by their /64, which one customer has whole; IPv4 in IPv6 clothes is IPv4', async () => {
    const other = await startApp({ KEYHOUSE_TRUSTED_PROXIES: '127.0.0.1' })
    try {
      for (let i = 0; i < maxUnknownCredentials; i++) {
        expect(await guess(other, `2001:db8:1:2:${i.toString(16)}::${i + 1}`)).toBe(401)
        expect(await guess(other, i % 2 ? '192.0.2.1' : '::ffff:192.0.2.1')).toBe(401)
      }
      for (const address of ['2001:db8:1:2::', '2001:db8:1:2:ffff:ffff:ffff:ffff', '192.0.2.1', '::ffff:c000:201']) {
        expect([address, await guess(other, address)]).toEqual([address, 429])
      }
      for (const address of ['2001:db8:1:1:ffff:ffff:ffff:ffff', '2001:db8:1:3::', '192.0.2.2', '::ffff:192.0.2.0']) {
        expect([address, await guess(other, address)]).toEqual([address, 401])
      }
    } finally {
      await other.close()
    }
  })
})

const askAt = async (url: string, credential: string): Promise<number> => {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${credential}` }
  return (await fetch(`${url}/graphql`, { method: 'POST', headers, body: '{"query":"{ viewer { kind } }"}' })).status
}
/** To each of them in turn, all at once; answers how many were let through. */
const burst = async (urls: readonly string[], secret: string, count: number): Promise<number> =>
  statuses(await Promise.all(Array.from({ length: count }, async (_, i) => ({ status: await askAt(urls[i % urls.length]!, secret) }))), 200)

// SQLite is served by one process.
if (isPostgres) {
  test('two processes on one PostgreSQL let through together what one would', async () => {
    const pair = await Promise.all([0, 0].map(async () => startKeyhouse({ ...app.env, PORT: await freePort() })))
    const urls = pair.map(({ url }) => url)
    // Windows that do not end while the test runs: these processes have the clock of the world.
    const limits = [{ window: 'DAY', max: 40 } as const, { window: 'HOUR', max: 1000 } as const]
    const { id, secret } = await acme.apiKey({ rateLimits: limits })
    expect(await burst(urls, secret, 250)).toBe(40)
    expect(await burst(urls, secret, 10)).toBe(0)
    await app.mutate(acme.adminToken, 'updateApiKey', { id, rateLimits: [{ window: 'DAY', max: 55 }] }, 'apiKey { id }')
    expect(await burst(urls, secret, 250)).toBe(15)
    for (const one of pair) one.kill('SIGTERM')
    expect((await Promise.all(pair.map(({ exited }) => exited))).map(({ code }) => code)).toEqual([0, 0])
  })

  describe('two that share a PostgreSQL, with clocks to set', () => {
    let twin: App
    let twinClock: TestClock
    let urls: string[]
    beforeAll(async () => {
      twinClock = new TestClock(app.clock.now())
      twin = await createApp(readConfig(app.env), { clock: twinClock.now, log: app.services.log })
      urls = [app.url, twin.url]
    })
    afterAll(() => twin.close())

    test('begin each window anew together', async () => {
      const { secret } = await acme.apiKey({
        rateLimits: [
          { window: 'SECOND', max: 25 },
          { window: 'MINUTE', max: 60 },
        ],
      })
      twinClock.at = app.clock.at
      const passed: number[] = []
      for (let i = 0; i < 4; i++) {
        passed.push(await burst(urls, secret, 250))
        app.clock.advance(1000)
        twinClock.advance(1000)
      }
      expect(passed).toEqual([25, 25, 10, 0])
    })

    test('whose clocks differ let no more through, whoever is ahead', async () => {
      const { secret } = await acme.apiKey({ rateLimits: [{ window: 'SECOND', max: 10 }] })
      twinClock.at = app.clock.at
      twinClock.advance(3000)
      expect(await burst(urls, secret, 60)).toBeLessThanOrEqual(20)
      // The window is that of the clock that is ahead: by it the same moment holds no second one.
      expect(await burst(urls, secret, 60)).toBe(0)
      app.clock.advance(999)
      twinClock.advance(999)
      expect(await burst(urls, secret, 60)).toBe(0)
      app.clock.advance(1)
      twinClock.advance(1)
      expect(await burst(urls, secret, 60)).toBe(10)
    })
  })
}
