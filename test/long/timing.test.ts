/** What does not exist and what is not the caller's are not told apart by time: many samples, interleaved, and a wide threshold. */
import { randomInt } from 'node:crypto'

import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { generateApiKey } from '../../src/lib/api-key-format.js'
import { newId } from '../../src/lib/id.js'
import { startApp, type TestApp } from '../support/app.js'
import { organization, type SeededOrganization } from '../support/seed.js'
import { exchange } from '../support/tokens.js'

const manySamples = 1500
const warmUp = 100
/** How often one of a kind takes longer than one of another: a half when nothing tells them apart, with a spread of 0.01. */
const widest = 0.1

let app: TestApp
let acme: SeededOrganization
let other: SeededOrganization
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
  other = await organization(app)
})
afterAll(() => app.close())

type Case = readonly [query: string, variables: () => object | Promise<object>]

/** Milliseconds of each case, asked in an order that nobody could foresee. */
async function measure(cases: Readonly<Record<string, Case>>, samples: number): Promise<Record<string, number[]>> {
  const names = Object.keys(cases)
  const times: Record<string, number[]> = Object.fromEntries(names.map((name) => [name, []]))
  const texts = new Set<string>()
  for (let i = 0; i < samples + warmUp; i++) {
    const left = [...names]
    while (left.length > 0) {
      const [name] = left.splice(randomInt(left.length), 1) as [string]
      const [query, variables] = cases[name]!
      const given = await variables()
      const from = performance.now()
      const { text } = await app.run(acme.sandboxKey, query, given)
      if (i >= warmUp) times[name]!.push(performance.now() - from)
      texts.add(text)
    }
  }
  // Nor by what they are told.
  expect(texts.size).toBe(1)
  return times
}

/** Mann and Whitney's U over the number of pairs. */
function shareLonger(a: readonly number[], b: readonly number[]): number {
  const all = [...a.map((ms) => ({ ms, isA: true })), ...b.map((ms) => ({ ms, isA: false }))].toSorted((x, y) => x.ms - y.ms)
  let shorterOnes = 0
  let sum = 0
  for (const { isA } of all) {
    if (isA) sum += shorterOnes
    else shorterOnes++
  }
  return sum / (a.length * b.length)
}

async function expectAlike(cases: Readonly<Record<string, Case>>, samples = manySamples): Promise<void> {
  const times = Object.entries(await measure(cases, samples))
  for (const [i, [name, some]] of times.entries()) {
    for (const [another, others] of times.slice(i + 1)) {
      const share = shareLonger(some, others)
      process.stdout.write(`timing: ${name} longer than ${another}: ${share.toFixed(3)}\n`)
      expect([name, another, Math.abs(share - 0.5) < widest]).toEqual([name, another, true])
    }
  }
}

const longest = 600_000
const neverIssued = (): string => newId('key', app.clock.now())
/** Returns each text once. They are made before the measurement, which would otherwise time what making one leaves behind. */
function taking(texts: readonly string[]): () => { secret: string } {
  const left = [...texts]
  return () => ({ secret: left.pop()! })
}
const neverIssuedSecrets = (samples: number): string[] => Array.from({ length: samples + warmUp }, () => generateApiKey('kh', 'SANDBOX'))

test(
  'ids: never issued, of another organization, of another environment, revoked elsewhere',
  async () => {
    const foreign = await other.apiKey()
    const production = await acme.apiKey({ environment: 'PRODUCTION' })
    const revoked = await other.apiKey()
    await app.mutate(other.sandboxKey, 'revokeApiKey', { id: revoked.id }, 'apiKey { id }')
    for (const query of [
      'query ($id: ID!) { apiKey(id: $id) { id } }',
      'mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } userErrors { code message path } } }',
    ]) {
      await expectAlike({
        'never issued': [query, () => ({ id: neverIssued() })],
        foreign: [query, () => ({ id: foreign.id })],
        'other environment': [query, () => ({ id: production.id })],
        'foreign and revoked': [query, () => ({ id: revoked.id })],
      })
    }
  },
  longest,
)

test(
  'secrets and tokens: never issued, of another organization, revoked there',
  async () => {
    const foreign = await other.apiKey()
    const revoked = await other.apiKey()
    await app.mutate(other.sandboxKey, 'revokeApiKey', { id: revoked.id }, 'apiKey { id }')
    const verify = 'mutation ($secret: Secret!) { verifyApiKey(input: { secret: $secret }) { verdict { code apiKey { id } } } }'
    await expectAlike({
      'never issued': [verify, taking(neverIssuedSecrets(manySamples))],
      foreign: [verify, () => ({ secret: foreign.secret })],
      'foreign and revoked': [verify, () => ({ secret: revoked.secret })],
    })
    const [token, dead] = [await exchange(app, other.sandboxKey), await exchange(app, other.sandboxKey)]
    await app.mutate(other.sandboxKey, 'revokeAccessToken', { id: dead.accessToken.id }, 'accessToken { id }')
    const introspect = 'mutation ($token: Secret!) { introspectToken(input: { token: $token }) { introspection { active tokenId } } }'
    await expectAlike({
      foreign: [introspect, () => ({ token: token.token })],
      'foreign and revoked': [introspect, () => ({ token: dead.token })],
    })
  },
  longest,
)

test(
  'reports of a leaked secret: never issued, of a key, of a revoked one',
  async () => {
    const report = 'mutation ($secret: Secret!) { reportLeakedApiKey(input: { secret: $secret }) { received } }'
    const revoked = await other.apiKey()
    await app.mutate(other.sandboxKey, 'revokeApiKey', { id: revoked.id }, 'apiKey { id }')
    // Each takes a quarter of a second.
    const samples = 300
    const live = await other.apiKeys(samples + warmUp, [])
    // An address sends 100 in a minute.
    const inAnotherMinute = (secret: () => object) => (): object => {
      app.clock.advance(60_000)
      return secret()
    }
    await expectAlike(
      {
        'never issued': [report, inAnotherMinute(taking(neverIssuedSecrets(samples)))],
        'of a key': [report, inAnotherMinute(taking(live.map(({ secret }) => secret)))],
        revoked: [report, inAnotherMinute(() => ({ secret: revoked.secret }))],
      },
      samples,
    )
  },
  longest,
)
