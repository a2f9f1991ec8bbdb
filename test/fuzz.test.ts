/**
 * Whatever is asked, however it is written: an answer with a code of the closed list, below 500, and no error in the log.
 * `npm run test:long` takes 20,000 cases in place of a few; a failure prints its seed and the smallest case.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'

import { requestErrorDescriptions } from '../src/lib/error-codes.js'
import { buildSchema } from '../src/schema.js'
import { startApp, type TestApp } from './support/app.js'
import { headerLines, mutatedRequests, requests, type Request } from './support/arbitrary.js'
import { sendRaw } from './support/raw-http.js'
import { organization } from './support/seed.js'

declare const fuzzRuns: number

let app: TestApp
let credentials: (string | null)[]
beforeAll(async () => {
  app = await startApp({}, { times: { headersTimeoutMs: 100, requestTimeoutMs: 100, checkIntervalMs: 20 } })
  const acme = await organization(app)
  const { secret } = await acme.apiKey({ permissions: ['agent:read', 'api_key:read'] })
  const { token } = await acme.member('READER', [acme.projectId])
  credentials = [acme.sandboxKey, acme.adminToken, secret, token, null]
})
afterAll(() => app.close())

const schema = buildSchema()
const seed = Date.now() % 2 ** 31
process.stdout.write(`fuzz: ${fuzzRuns} runs, seed ${seed}\n`)
/** Longer than any of ours, so that what hangs is told with its seed. */
const settings = { numRuns: fuzzRuns, seed, timeout: 20_000, endOnFailure: false, interruptAfterTimeLimit: 1_500_000 }
const longest = 1_600_000

function expectClean(from: number, status: number, text: string): void {
  expect(status).toBeLessThan(500)
  const codes = [...text.matchAll(/"extensions":\{"code":"(\w+)"/g)].map(([, code]) => code!)
  for (const code of codes) expect(Object.keys(requestErrorDescriptions)).toContain(code)
  expect(codes).not.toContain('INTERNAL_SERVER_ERROR')
  expect(app.logFrom(from)).not.toMatch(/"level":[56]0/)
}

async function ask({ query, variables }: Request, credential: number, endUser: string | null): Promise<void> {
  const from = app.logLength
  const headers = endUser === null || ![0, 2].includes(credential) ? {} : { 'x-on-behalf-of': endUser }
  const { status, text } = await app.run(credentials[credential]!, query, variables, headers)
  expectClean(from, status, text)
}

const who = [fc.nat(4), fc.constantFrom(null, null, 'alice')] as const

test('valid documents with all sorts of variables', () => fc.assert(fc.asyncProperty(requests(schema), ...who, ask), settings), longest)

test(
  'documents with something wrong in them',
  () => fc.assert(fc.asyncProperty(mutatedRequests(requests(schema)), ...who, ask), settings),
  longest,
)

test(
  'hostile headers',
  () =>
    fc.assert(
      fc.asyncProperty(
        headerLines,
        fc.nat(4),
        fc.constantFrom('POST', 'GET', 'HEAD', 'OPTIONS', 'PUT'),
        async (lines, credential, method) => {
          const from = app.logLength
          const secret = credentials[credential]
          const usual = [
            'Host: x',
            'Content-Type: application/json',
            'Connection: close',
            ...(secret ? [`Authorization: Bearer ${secret}`] : []),
          ]
          const body = '{"query":"{ viewer { kind } }"}'
          const head = [`${method} /graphql HTTP/1.1`, ...usual, ...lines, `Content-Length: ${body.length}`, '', body].join('\r\n')
          const { status, text } = await sendRaw(app.url, head)
          expect(text).not.toBe('')
          expectClean(from, status, text)
        },
      ),
      settings,
    ),
  longest,
)
