/** Automatic persisted queries: a hash in place of a text that was sent once. */
import { createHash } from 'node:crypto'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { documentLimits } from '../src/graphql/document-limits.js'
import { createDocumentStore, createPersistedQueryCache, maxCachedCharacters } from '../src/graphql/document-store.js'
import { startApp, type TestApp, type AnswerBody } from './support/app.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
})
afterAll(async () => {
  await app.close()
  expect(app.log).not.toMatch(/"level":[56]0/)
})

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')
const extensionsOf = (sha256Hash: unknown, version: unknown = 1): object => ({ persistedQuery: { version, sha256Hash } })
const own = 'application/graphql-response+json'

interface Heard {
  readonly status: number
  readonly body: AnswerBody
}
async function post(body: object, headers: Record<string, string> = {}): Promise<Heard> {
  const response = await fetch(`${app.url}/graphql`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', authorization: `Bearer ${acme.sandboxKey}`, ...headers },
  })
  return { status: response.status, body: (await response.json()) as AnswerBody }
}
async function get(extensions: object, query?: string): Promise<Heard> {
  const search = new URLSearchParams({ extensions: JSON.stringify(extensions), ...(query === undefined ? {} : { query }) })
  const response = await fetch(`${app.url}/graphql?${search.toString()}`, { headers: { authorization: `Bearer ${acme.sandboxKey}` } })
  return { status: response.status, body: (await response.json()) as AnswerBody }
}
const notFound = { errors: [{ message: 'PersistedQueryNotFound', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }] }

describe('a hash', () => {
  test.each([own, 'application/json'])('is unknown until its text was sent with it: %s', async (accept) => {
    const query = `query Known { viewer { kind } } # ${accept}`
    const extensions = extensionsOf(hashOf(query))
    const unknown = await post({ extensions }, { accept })
    // As Apollo Server has it: clients then send the text, and no proxy takes it for a failure.
    expect(unknown).toMatchObject({ status: 200, body: notFound })
    expect(unknown.body.errors[0].extensions.requestId).toMatch(/^req_/)
    const answer = { status: 200, body: { data: { viewer: { kind: 'API_KEY' } } } }
    expect(await post({ query, extensions })).toEqual(answer)
    expect(await post({ extensions })).toEqual(answer)
    expect(await get(extensions)).toEqual(answer)
  })

  test('of another text is refused, and the text is not kept under it', async () => {
    const extensions = extensionsOf(hashOf('{ other: __typename }'))
    const refused = await post({ query: '{ __typename }', extensions })
    const message = '"extensions.persistedQuery.sha256Hash" must be the SHA-256 of "query".'
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ message, extensions: { code: 'BAD_REQUEST' } }] } })
    expect((await post({ extensions })).body).toMatchObject(notFound)
  })

  const good = hashOf('{ __typename }')
  const malformed: [string, unknown, unknown?][] = [
    ['63 digits', good.slice(1)],
    ['65 digits', `${good}0`],
    ['capitals', good.toUpperCase()],
    ['a number', 1],
    ['null', null],
    ['a list', [good]],
    ['an object that cannot be a text', { toString: 1, valueOf: 1 }],
    ['version 2', good, 2],
    ['no version', good, null],
  ]
  test.each(malformed)('that is malformed is the fault of the client: %s', async (_name, hash, version = 1) => {
    for (const query of [undefined, '{ __typename }']) {
      const message = '"extensions.persistedQuery" must have "version" 1 and a "sha256Hash" of 64 hexadecimal digits in lower case.'
      const code = { errors: [{ message, extensions: { code: 'BAD_REQUEST' } }] }
      expect(await post({ query, extensions: extensionsOf(hash, version) })).toMatchObject({ status: 400, body: code })
      expect(await get(extensionsOf(hash, version), query)).toMatchObject({ status: 400, body: code })
    }
  })
  test.each([true, 1, 'x', []])('in %j is none', async (persistedQuery) => {
    expect((await post({ extensions: { persistedQuery } })).status).toBe(400)
  })

  test('of a mutation by GET is refused like its text', async () => {
    const query = 'mutation { __typename }'
    const extensions = extensionsOf(hashOf(query))
    expect((await post({ query, extensions })).body).toEqual({ data: { __typename: 'Mutation' } })
    expect((await get(extensions)).status).toBe(405)
    expect((await post({ extensions })).body).toEqual({ data: { __typename: 'Mutation' } })
  })

  test('needs a credential where its text does, and whatever the caller may not see stays hidden', async () => {
    const query = '{ apiKeys { totalCount } }'
    const extensions = extensionsOf(hashOf(query))
    await post({ query, extensions })
    const { secret } = await acme.apiKey()
    const refused = await post({ extensions }, { authorization: `Bearer ${secret}` })
    expect(refused.body).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] })
    expect((await post({ extensions }, { authorization: 'Bearer kh_sand_x' })).status).toBe(401)
  })
})

describe('a text is not kept', () => {
  const costly = `{ ${Array.from({ length: 30 }, (_, i) => `a${i}: apiKeys(first: 100) { nodes { id label preview } }`).join(' ')} }`
  test.each([
    ['that is no document', '{'],
    ['that does not fit the schema', '{ nothing }'],
    ['with too many aliases', `{ ${Array.from({ length: documentLimits.aliases + 1 }, (_, i) => `a${i}: __typename`).join(' ')} }`],
    ['that costs too much', costly],
  ])('%s', async (_name, query) => {
    const extensions = extensionsOf(hashOf(query))
    const refused = await post({ query, extensions })
    expect(refused.body.data).toBeUndefined()
    expect((await post({ extensions })).body).toMatchObject(notFound)
  })
})

describe('what is kept', () => {
  test('is bounded: the least recently used is forgotten, and may be sent again', async () => {
    const cache = createPersistedQueryCache()
    // An entry counts its text and 200 characters.
    const text = ' '.repeat(maxCachedCharacters / 10 - 200)
    for (let i = 0; i < 10; i++) await cache.set(`${i}`, text)
    expect(await cache.get('0')).toBe(text)
    await cache.set('10', text)
    expect(await cache.get('1')).toBeUndefined()
    expect(await cache.get('0')).toBe(text)
    await cache.set('large', ' '.repeat(maxCachedCharacters))
    expect(await cache.get('large')).toBeUndefined()
    expect(await cache.get('0')).toBe(text)
  })
  test('counts small documents for more than their text', async () => {
    const store = createDocumentStore()
    for (let i = 0; i < 5000; i++) await store.set(`${i}`, { kind: 'Document', definitions: [] } as never)
    expect(store.keys()).toHaveLength(maxCachedCharacters / 200)
  })
  test('no flood of hashes and texts keeps a known document from being answered', async () => {
    for (let i = 0; i < 40; i++) {
      const query = `{ __typename } #${i}${' '.repeat(90_000)}`
      await post({ query, extensions: extensionsOf(hashOf(query)) })
    }
    const query = '{ viewer { kind } } # after the flood'
    const extensions = extensionsOf(hashOf(query))
    expect((await post({ query, extensions })).status).toBe(200)
    expect((await post({ extensions })).body).toEqual({ data: { viewer: { kind: 'API_KEY' } } })
  })
})
