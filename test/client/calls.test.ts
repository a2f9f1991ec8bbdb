/** Calls of the client to a real server: what is sent, what is thrown, what is tried again, what is never shown. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type * as Kit from '@keyhouse/client'

import { startApp, type TestApp } from '../support/app.js'
import { installClient, type ClientPackage } from '../support/client-package.js'
import { organization, type SeededOrganization } from '../support/seed.js'

let app: TestApp
let acme: SeededOrganization
let installed: ClientPackage
let kit: typeof Kit
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
  installed = await installClient()
  kit = await installed.load('@keyhouse/client')
})
afterAll(async () => {
  installed.remove()
  await app.close()
})

/** Members of every error that the client throws. */
type Thrown = Omit<Kit.UserErrorsError, 'name' | 'code'> & { readonly code: string; readonly cause: Error }
const thrown = async (call: Promise<unknown>): Promise<Thrown> => {
  try {
    await call
  } catch (error) {
    return error as Thrown
  }
  throw new Error('nothing was thrown')
}

/** A server that answers as told, in turn, and the last for ever. */
async function standIn(
  ...answers: ((request: IncomingMessage, response: ServerResponse) => void)[]
): Promise<{ url: string; calls: () => number; server: Server }> {
  let calls = 0
  const server = createServer((request, response) => {
    answers[Math.min(calls++, answers.length - 1)]!(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls: () => calls, server }
}

const answer =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (_request: IncomingMessage, response: ServerResponse): void => {
    response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(typeof body === 'string' ? body : JSON.stringify(body))
  }
const hangUp = (request: IncomingMessage): void => void request.socket.destroy()
const organizations = answer(200, { data: { organization: null } })
const limited = (retryAfter: string): ReturnType<typeof answer> =>
  answer(429, { errors: [{ message: 'Too many.', extensions: { code: 'RATE_LIMITED' } }] }, { 'retry-after': retryAfter })

async function against<T>(
  answers: Parameters<typeof standIn>,
  use: (stand: { url: string; calls: () => number }) => Promise<T>,
): Promise<T> {
  const stand = await standIn(...answers)
  try {
    return await use(stand)
  } finally {
    stand.server.closeAllConnections()
    stand.server.close()
  }
}

describe('what is sent', () => {
  test.each(['', '/', '/graphql', '/graphql/'])('to the URL of the server, written with "%s" behind', async (end) => {
    const client = kit.createClient({ url: `${app.url}${end}`, credential: acme.sandboxKey })
    expect(client.url).toBe(`${app.url}/graphql`)
    expect((await kit.viewer(client))?.kind).toBe('API_KEY')
  })

  test('a credential that is asked for each time, so that a renewed one is used at once', async () => {
    const texts = ['wrong', acme.sandboxKey]
    const client = kit.createClient({ url: app.url, credential: () => Promise.resolve(texts.shift()!) })
    expect((await thrown(kit.viewer(client))).code).toBe('UNAUTHENTICATED')
    expect((await kit.viewer(client))?.kind).toBe('API_KEY')
  })

  test('whom it is for: the call’s word before the client’s', async () => {
    const client = kit.createClient({ url: app.url, credential: acme.sandboxKey, onBehalfOf: 'user-1' })
    expect((await kit.viewer(client))?.endUser?.externalId).toBe('user-1')
    expect((await kit.viewer(client, { onBehalfOf: 'user-2' }))?.endUser?.externalId).toBe('user-2')
  })

  test.each([' user-1', 'user-1 ', '', null as never])('nobody, if that would arrive as somebody else: %j', async (onBehalfOf) => {
    const client = kit.createClient({ url: app.url, credential: acme.sandboxKey })
    expect(await thrown(kit.viewer(client, { onBehalfOf }))).toBeInstanceOf(TypeError)
    expect(await thrown(kit.viewer(kit.createClient({ url: app.url, credential: acme.sandboxKey, onBehalfOf })))).toBeInstanceOf(TypeError)
  })

  test('nothing without a credential; and then no more than what needs none', async () => {
    const client = kit.createClient({ url: app.url })
    expect((await kit.permissionDefinitions(client)).length).toBeGreaterThan(10)
    expect(await thrown(kit.organization(client))).toMatchObject({ name: 'ApiError', code: 'UNAUTHENTICATED', status: 401 })
  })

  test('the options of fetch, but neither another method nor another credential', async () => {
    const seen: RequestInit[] = []
    const client = kit.createClient({
      url: app.url,
      credential: acme.sandboxKey,
      fetch: (url, init) => {
        seen.push(init!)
        return fetch(url, init)
      },
    })
    await kit.viewer(client, {
      fetchOptions: { priority: 'low', method: 'GET', headers: { 'x-trace': '1', authorization: 'Bearer other' } } as RequestInit,
    })
    expect(seen[0]).toMatchObject({ method: 'POST', priority: 'low', credentials: 'omit', redirect: 'error' })
    expect(new Headers(seen[0]?.headers).get('x-trace')).toBe('1')
    expect(new Headers(seen[0]?.headers).get('authorization')).toBe(`Bearer ${acme.sandboxKey}`)
  })
})

describe('what is thrown', () => {
  test('UserErrorsError, with every reason, its path, and the id of the request', async () => {
    const client = kit.createClient({ url: app.url, credential: acme.sandboxKey })
    const error = await thrown(kit.createApiKey(client, { label: '', permissions: ['api_key:raed'] }))
    expect(error).toBeInstanceOf(kit.UserErrorsError)
    expect(error).toBeInstanceOf(kit.KeyhouseError)
    expect(error).toMatchObject({ name: 'UserErrorsError', operation: 'createApiKey', requestId: expect.stringMatching(/^req_/) })
    expect(error.errors.length).toBeGreaterThan(0)
    expect(error.code).toBe(error.errors[0].code)
    expect(error.errors[0].path?.[0]).toBe('input')
    // Read aloud: what was asked, and each reason as a sentence.
    expect(error.message).toMatch(/^createApiKey was refused\. [A-Z"`].*[.?]$/)
  })

  test('ApiError, with the server’s own words, code, status and request id', async () => {
    const client = kit.createClient({ url: app.url, credential: (await acme.apiKey({ permissions: [] })).secret })
    expect(await thrown(kit.apiKeys(client))).toMatchObject({ name: 'ApiError', code: 'FORBIDDEN', status: 200, operation: 'apiKeys' })
    expect(await thrown(kit.apiKeys(client, { first: 1, last: 1 }))).toMatchObject({
      code: expect.any(String),
      requestId: expect.stringMatching(/^req_/),
    })
  })

  test('of what is not Keyhouse’s answer it says only that', async () => {
    for (const body of ['<h1>secret page</h1>', '[]', 'null', '{}', '{"data":{}}', '{"errors":[{"message":"secret"}]}', '']) {
      const error = await against([answer(502, body)], ({ url }) => thrown(kit.organization(kit.createClient({ url, retries: 0 }))))
      expect(error).toMatchObject({ code: 'UNEXPECTED_ANSWER', status: 502, requestId: null })
      expect(error.message).toBe('organization failed: the response with status 502 is not from Keyhouse. Check the URL.')
    }
    const error = await against([answer(200, { data: { signIn: null } })], ({ url }) =>
      thrown(kit.signIn(kit.createClient({ url }), { signInToken: 'x' })),
    )
    expect(error.code).toBe('UNEXPECTED_ANSWER')
  })

  test('no answer: NETWORK_ERROR, with the cause', async () => {
    const error = await against([hangUp], ({ url }) => thrown(kit.organization(kit.createClient({ url, retries: 0 }))))
    expect(error).toMatchObject({ name: 'ApiError', code: 'NETWORK_ERROR', status: 0, requestId: null })
    expect(error.message).toBe('organization failed: the server could not be reached. Check the URL and the network.')
    expect(error.cause.message).toBe('fetch failed')
  })

  test('a redirect is no answer: the credential follows none', async () => {
    const seen: (string | undefined)[] = []
    await against([(request, response) => (seen.push(request.headers.authorization), organizations(request, response))], async (other) => {
      const error = await against([answer(307, '', { location: `${other.url}/graphql` })], ({ url }) =>
        thrown(kit.organization(kit.createClient({ url, credential: acme.sandboxKey, retries: 0 }))),
      )
      expect(error.code).toBe('NETWORK_ERROR')
    })
    expect(seen).toEqual([])
  })

  test('a credential that is no header is refused without quoting it', async () => {
    for (const credential of ['geheim\nX: y', 'gehëim', '', 'geheim\u0000']) {
      const error = await thrown(kit.organization(kit.createClient({ url: app.url, credential })))
      expect(error).toBeInstanceOf(TypeError)
      expect(inspect(error)).not.toMatch(/geh/)
      expect(error.message).toMatch(/^The credential must be /)
    }
    expect((await thrown(kit.organization(kit.createClient({ url: app.url, credential: 'x', onBehalfOf: 'ü' })))).message).toMatch(
      /^onBehalfOf must be /,
    )
  })
})

describe('what is tried again', () => {
  test('a query, until it is answered, as often as it was told', async () => {
    await against([hangUp, answer(503, 'away'), organizations], async ({ url, calls }) => {
      expect(await kit.organization(kit.createClient({ url }))).toBeNull()
      expect(calls()).toBe(3)
    })
    await against([hangUp], async ({ url, calls }) => {
      await thrown(kit.organization(kit.createClient({ url }), { retries: 1 }))
      expect(calls()).toBe(2)
    })
  })

  test('not what would fail again', async () => {
    for (const status of [400, 401, 403, 404, 500]) {
      await against([answer(status, 'no')], async ({ url, calls }) => {
        await thrown(kit.organization(kit.createClient({ url })))
        expect(calls()).toBe(1)
      })
    }
  })

  test('of mutations those with an idempotency key alone', async () => {
    const made = answer(200, { data: { createApiKey: { apiKey: { id: 'key_1' }, secret: null, userErrors: [] } } })
    await against([hangUp, made], async ({ url, calls }) => {
      expect((await thrown(kit.createApiKey(kit.createClient({ url }), { label: 'CI' }))).code).toBe('NETWORK_ERROR')
      expect(calls()).toBe(1)
    })
    await against([hangUp, made], async ({ url, calls }) => {
      expect(await kit.createApiKey(kit.createClient({ url }), { label: 'CI', idempotencyKey: 'a' })).toEqual({
        apiKey: { id: 'key_1' },
        secret: null,
      })
      expect(calls()).toBe(2)
    })
  })

  test('after as long as Retry-After says, in seconds or as a date', async () => {
    const told: number[] = []
    const { setTimeout: real } = globalThis
    // Node's own client sets other timers.
    const isTold = (ms: number): boolean => ms === 7000 || ms === 0 || (ms > 15_000 && ms <= 20_000)
    globalThis.setTimeout = ((run: () => void, ms: number, ...args: []) => {
      if (isTold(ms)) told.push(ms)
      return real(run, isTold(ms) ? 0 : ms, ...args)
    }) as typeof setTimeout
    try {
      const date = new Date(Date.now() + 20_000).toUTCString()
      await against([limited('7'), limited(date), limited('0'), limited('nonsense'), organizations], async ({ url }) => {
        expect(await kit.organization(kit.createClient({ url, retries: 4 }))).toBeNull()
      })
    } finally {
      globalThis.setTimeout = real
    }
    expect(told).toHaveLength(3)
    expect(told[0]).toBe(7000)
  })

  test('not when it is told to wait for longer than half a minute: the caller hears of it', async () => {
    await against([limited('31')], async ({ url, calls }) => {
      expect(await thrown(kit.organization(kit.createClient({ url })))).toMatchObject({
        code: 'RATE_LIMITED',
        status: 429,
        retryAfterMs: 31_000,
      })
      expect(calls()).toBe(1)
    })
  })

  test('not once the signal has ended it: waits, requests and calls to come', async () => {
    const reason = new Error('enough')
    await against([limited('25')], async ({ url, calls }) => {
      const controller = new AbortController()
      const call = thrown(kit.organization(kit.createClient({ url }), { signal: controller.signal }))
      while (calls() === 0) await new Promise((resolve) => setImmediate(resolve))
      controller.abort(reason)
      expect(await call).toBe(reason)
    })
    await against([() => undefined], async ({ url, calls }) => {
      const controller = new AbortController()
      const call = thrown(kit.organization(kit.createClient({ url }), { signal: controller.signal }))
      while (calls() === 0) await new Promise((resolve) => setImmediate(resolve))
      controller.abort(reason)
      expect(await call).toBe(reason)
      expect(await thrown(kit.organization(kit.createClient({ url }), { signal: controller.signal }))).toBe(reason)
      expect(calls()).toBe(1)
    })
  })
})

test('a client shows its URL, never its credential', () => {
  const client = kit.createClient({ url: app.url, credential: acme.sandboxKey, onBehalfOf: 'user-1' })
  expect(inspect(client, { depth: null, showHidden: true })).not.toContain(acme.sandboxKey)
  expect(JSON.stringify(client)).toBe(JSON.stringify({ url: `${app.url}/graphql` }))
})
