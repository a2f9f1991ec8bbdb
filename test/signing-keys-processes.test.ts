/** Signing keys with several processes: a rotation or retirement applies to the next request of each. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'

import { createApp, type App } from '../src/app.js'
import { readConfig } from '../src/config/config.js'
import { rotateSigningKeys } from '../src/signing-keys/rotate-signing-keys.js'
import { startApp, type TestApp, type AnswerBody } from './support/app.js'
import { organization, type SeededOrganization } from './support/seed.js'
import { exchange, headerOf, fetchPublishedKids, signingKey, signingKeys } from './support/tokens.js'

const run = promisify(execFile)
const keyhouse = new URL('../bin/keyhouse.js', import.meta.url).pathname

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
  // Other processes look at the real clock.
  app.clock.at = new Date()
  acme = await organization(app)
})
afterAll(() => app.close())
/** Long enough for the next rotation. */
beforeEach(() => app.clock.advance(301_000))

const env = (): NodeJS.ProcessEnv => ({ ...process.env, ...app.env })
const command = async (...args: string[]): Promise<Record<'current' | 'previous' | 'next', string>> =>
  JSON.parse((await run(process.execPath, [keyhouse, 'signing-key', ...args, '--json'], { env: env() })).stdout)
const here = (): Promise<string> => exchange(app, acme.sandboxKey, { audience: app.config.url }).then(({ token }) => token)
const statusOf = async (token: string, url = app.url): Promise<number> => {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: '{ viewer { kind } }' }),
  })
  return response.status
}

describe('the command line beside a running server', () => {
  test('rotates, refuses a second time, and retires', async () => {
    const old = await here()
    const next = await signingKey(app, 'NEXT')
    const rotated = await command('rotate')
    expect(rotated).toEqual({ current: next.id, previous: headerOf(old).kid, next: expect.stringMatching(/^sk_[0-9a-f]{32}$/) })
    const fresh = await here()
    expect(headerOf(fresh).kid).toBe(next.id)
    expect([await statusOf(old), await statusOf(fresh)]).toEqual([200, 200])
    await expect(command('rotate')).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('less than 300 seconds ago') })
    const retired = await command('retire', rotated.previous)
    expect(retired).toEqual({ retired: rotated.previous, current: rotated.current, next: rotated.next })
    expect([await statusOf(old), await statusOf(fresh)]).toEqual([401, 200])
    expect(await fetchPublishedKids(app)).not.toContain(rotated.previous)
    await expect(command('retire', 'sk_0')).rejects.toMatchObject({
      code: 1,
      stderr: 'No signing key has this id. See "signingKeys" for the ids.\n',
    })
    // The admin's token went with the key that signed it; there is a way back in.
    acme = await organization(app)
  })
})

test('a rotation in the middle of 1,000 exchanges fails none, and all of their tokens verify', async () => {
  const { id: before } = await signingKey(app, 'CURRENT')
  const { id: after } = await signingKey(app, 'NEXT')
  const tokens: string[] = []
  let rotation: Promise<unknown> | undefined
  const worker = async (): Promise<void> => {
    while (tokens.length < 1000) {
      tokens.push(await here())
      if (tokens.length > 500) rotation ??= rotateSigningKeys(app.services)
    }
  }
  await Promise.all(Array.from({ length: 16 }, worker))
  await rotation
  const kids = tokens.map((token) => headerOf(token).kid)
  expect(new Set(kids)).toEqual(new Set([before, after]))
  expect(kids.at(-1)).toBe(after)
  for (const token of tokens.filter((_, i) => i % 25 === 0)) expect(await statusOf(token)).toBe(200)
})

describe('three processes', () => {
  let others: App[]
  let child: ChildProcess
  let childUrl: string
  beforeAll(async () => {
    const config = readConfig({ ...app.env })
    others = [await createApp(config, { clock: app.clock.now, log: app.services.log })]
    child = spawn(process.execPath, [keyhouse, 'start'], { env: env(), stdio: ['ignore', 'pipe', 'inherit'] })
    for await (const line of createInterface({ input: child.stdout! })) {
      const { msg, url } = JSON.parse(line) as { msg: string; url: string }
      if (msg !== 'ready') continue
      childUrl = url
      break
    }
  })
  afterAll(async () => {
    await Promise.all(others.map((other) => other.close()))
    const gone = once(child, 'close')
    child.kill('SIGTERM')
    await gone
  })

  test('agree at the next request', async () => {
    const urls = [app.url, others[0]!.url, childUrl]
    const exchangeAt = async (url: string): Promise<string> => {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${acme.sandboxKey}` },
        body: JSON.stringify({
          query: 'mutation ($input: ExchangeApiKeyInput!) { exchangeApiKey(input: $input) { token } }',
          variables: { input: { audience: app.config.url, externalUserId: 'jane', expiresIn: 86_400 } },
        }),
      })
      return ((await response.json()) as AnswerBody).data.exchangeApiKey.token
    }
    const old = await Promise.all(urls.map(exchangeAt))
    const results = await Promise.allSettled(
      [app, others[0]!].flatMap(({ services }) => [rotateSigningKeys(services), rotateSigningKeys(services)]),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const { id: current } = await signingKey(app, 'CURRENT')
    const fresh = await Promise.all(urls.map(exchangeAt))
    expect(fresh.map((token) => headerOf(token).kid)).toEqual([current, current, current])
    for (const url of urls) {
      expect(await fetchPublishedKids({ url })).toEqual(
        (await signingKeys(app)).filter(({ state }) => state !== 'RETIRED').map(({ id }) => id),
      )
      for (const token of [...old, ...fresh]) expect(await statusOf(token, url)).toBe(200)
    }
    await command('retire', headerOf(old[0]!).kid)
    for (const url of urls) {
      expect(await fetchPublishedKids({ url })).not.toContain(headerOf(old[0]!).kid)
      for (const token of old) expect(await statusOf(token, url)).toBe(401)
      for (const token of fresh) expect(await statusOf(token, url)).toBe(200)
    }
  })
})
