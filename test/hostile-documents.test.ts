/** Documents that exceed a limit: each limit at its boundary, its code, and a cheap refusal. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { getIntrospectionQuery, getNamedType, isCompositeType, isLeafType, isObjectType, isRequiredArgument, Kind, parse } from 'graphql'

import { analyzeComplexity } from '../src/graphql/complexity.js'
import { documentLimits, assertAffordable } from '../src/graphql/document-limits.js'
import { buildSchema } from '../src/schema.js'
import { codeOf, startApp, type Answer, type TestApp } from './support/app.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
})
afterAll(() => app.close())

const ask = (query: string, variables: object = {}): Promise<Answer> => app.run(acme.sandboxKey, query, variables)
const repeat = (count: number, text: (i: number) => string): string => Array.from({ length: count }, (_, i) => text(i)).join(' ')

/** `viewer { project { … } }` has no cycle, so depth is made of fields that do not exist: limits are told all the same. */
const nested = (levels: number): string => `{ ${'viewer { '.repeat(levels - 1)}kind${' }'.repeat(levels - 1)} }`
const spread = (depth: number, breadth: number): string =>
  `{ viewer { ...f0 } } ${repeat(depth, (i) => `fragment f${i} on Viewer { ${`...f${i + 1} `.repeat(breadth)} kind }`)} fragment f${depth} on Viewer { a: kind }`

describe('a document is accepted at each limit and refused one above it', () => {
  const cases: Record<string, [within: string, beyond: string]> = {
    aliases: [
      `{ ${repeat(documentLimits.aliases, (i) => `a${i}: __typename`)} }`,
      `{ ${repeat(documentLimits.aliases + 1, (i) => `a${i}: __typename`)} }`,
    ],
    'aliases within fragments': [
      `{ viewer { ...v } } fragment v on Viewer { ${repeat(documentLimits.aliases, (i) => `a${i}: kind`)} }`,
      `{ viewer { ...v ...v } } fragment v on Viewer { ${repeat(documentLimits.aliases / 2 + 1, (i) => `a${i}: kind`)} }`,
    ],
    directives: [
      `{ ${repeat(documentLimits.directives, (i) => `a${i}: __typename @skip(if: false)`)} }`,
      `{ ${repeat(documentLimits.directives + 1, (i) => `a${i}: __typename @skip(if: false)`)} }`,
    ],
    'directives at one place': [
      '{ __typename @skip(if: false) @include(if: true) }',
      '{ __typename @skip(if: false) @include(if: true) @include(if: true) }',
    ],
    'directives at one place within a fragment': [
      '{ ... @skip(if: false) @include(if: true) { __typename } }',
      '{ viewer { ...v } } fragment v on Viewer { ... @include(if: true) @include(if: true) @include(if: true) { kind } }',
    ],
    fragments: [
      `{ ${repeat(documentLimits.fragments, (i) => `...f${i}`)} } ${repeat(documentLimits.fragments, (i) => `fragment f${i} on Query { __typename }`)}`,
      `{ ${repeat(documentLimits.fragments + 1, (i) => `...f${i}`)} } ${repeat(documentLimits.fragments + 1, (i) => `fragment f${i} on Query { __typename }`)}`,
    ],
    repeats: [
      `{ ${repeat(documentLimits.repeats + 1, () => '__typename')} }`,
      `{ ${repeat(documentLimits.repeats + 2, () => '__typename')} }`,
    ],
    'repeats through inline fragments': [
      `{ ${repeat(documentLimits.repeats + 1, () => '... { __typename }')} }`,
      `{ ${repeat(documentLimits.repeats + 2, () => '... { __typename }')} }`,
    ],
    mutations: [
      `mutation { ${repeat(documentLimits.mutations, (i) => `a${i}: __typename`)} }`,
      `mutation { ${repeat(documentLimits.mutations + 1, (i) => `a${i}: __typename`)} }`,
    ],
    'mutations through a fragment': [
      `mutation { ...m } fragment m on Mutation { ${repeat(documentLimits.mutations, (i) => `a${i}: __typename`)} }`,
      `mutation { ...m b: __typename } fragment m on Mutation { ${repeat(documentLimits.mutations, (i) => `a${i}: __typename`)} }`,
    ],
    'aliases in introspection': ['{ __type(name: "Query") { name } }', '{ __type(name: "Query") { a: fields { name } } }'],
    'aliases of the schema': ['{ __schema { queryType { name } } }', '{ a: __schema { queryType { name } } }'],
  }
  test.each(Object.entries(cases))('%s', async (_name, [within, beyond]) => {
    const allowed = await ask(within)
    expect(allowed.errors).toBeUndefined()
    const refused = await ask(beyond)
    expect(refused.status).toBe(400)
    expect(refused.errors?.map((error) => error.extensions.code)).toEqual(['OPERATION_TOO_COMPLEX'])
  })

  test('depth', async () => {
    expect(codeOf(await ask(nested(documentLimits.depth)))).toBe('GRAPHQL_VALIDATION_FAILED')
    expect(codeOf(await ask(nested(documentLimits.depth + 1)))).toBe('OPERATION_TOO_COMPLEX')
  })
  test('tokens', async () => {
    const fields = (count: number): string => `{ ${repeat(count - 2, (i) => `f${i}`)} }`
    expect(codeOf(await ask(fields(documentLimits.tokens)))).toBe('GRAPHQL_VALIDATION_FAILED')
    expect(codeOf(await ask(fields(documentLimits.tokens + 1)))).toBe('OPERATION_TOO_COMPLEX')
  })
})

describe('complexity', () => {
  // A list costs 51, and what each of its rows costs: 4 for `nodes { id label preview }`, as often as it has rows.
  const lists = (count: number, page: string): string =>
    `{ ${repeat(count, (i) => `a${i}: apiKeys${page} { nodes { id label preview } }`)} }`
  test.each([
    ['first', '(first: 100)', 23],
    ['last', '(last: 100)', 23],
  ])('%s multiplies', async (_name, page, beyond) => {
    expect(codeOf(await ask(lists(beyond - 1, page)))).toBeUndefined()
    expect(codeOf(await ask(lists(beyond, page)))).toBe('OPERATION_TOO_COMPLEX')
  })
  // 22 lists of 451 points, and one of 77 for 13 rows of 2.
  const almost = lists(22, '(first: 100)').replace(/ \}$/, ' b: apiKeys(first: 13) { nodes { id } }')
  test(`${documentLimits.complexity} points pass, and one more is too much`, async () => {
    expect((await ask(`${almost} __typename }`)).errors).toBeUndefined()
    const refused = await ask(`${almost} __typename c: __typename }`)
    expect(refused.status).toBe(400)
    expect(refused.errors).toMatchObject([
      {
        message: 'The operation costs 10001 points, and the limit is 10000. Select fewer fields, or fewer or shorter lists.',
        extensions: { code: 'OPERATION_TOO_COMPLEX' },
      },
    ])
  })
  test.each([
    // 51 + 100 × (1 + 51 + 2), and once more for each server.
    ['nested lists', '(first: 100) { nodes { credentials(first: 1) { nodes { id } } } }', 1, 2],
    // 51 + 100 × (1 + 25) and (1 + 10).
    ['JSON objects', '(first: 100) { nodes { metadata } }', 3, 4],
    ['lists of texts', '(first: 100) { nodes { allowedTools } }', 8, 9],
  ])('%s', async (_name, list, within, beyond) => {
    const servers = (count: number): string => `{ ${repeat(count, (i) => `a${i}: mcpServers${list}`)} }`
    expect(codeOf(await ask(servers(within)))).toBeUndefined()
    expect(codeOf(await ask(servers(beyond)))).toBe('OPERATION_TOO_COMPLEX')
  })
  test('a list of external ids, which can have 64 kB, counts like a JSON object', async () => {
    // 51 + 100 × (1 + 1 + 25)
    const keys = (count: number): string =>
      `{ ${repeat(count, (i) => `a${i}: apiKeys(first: 100) { nodes { endUsers { externalIds } } }`)} }`
    expect(codeOf(await ask(keys(3)))).toBeUndefined()
    expect(codeOf(await ask(keys(4)))).toBe('OPERATION_TOO_COMPLEX')
  })
  test('aggregates and lists without pages count for a hundred rows', async () => {
    // 51 + 100 × 3
    const usage = (count: number): string =>
      `{ ${repeat(count, (i) => `a${i}: usage(from: "2026-06-01T00:00:00Z", to: "2026-06-01T01:00:00Z", interval: HOUR) { start requests denied }`)} }`
    expect(codeOf(await ask(usage(28)))).toBeUndefined()
    expect(codeOf(await ask(usage(29)))).toBe('OPERATION_TOO_COMPLEX')
  })
  test('a page without a size counts for the twenty that it has', async () => {
    const rows = '{ nodes { id label preview project { id name } createdBy { ... on User { id name } } } }'
    expect(codeOf(await ask(`{ ${repeat(30, (i) => `a${i}: apiKeys ${rows}`)} }`))).toBeUndefined()
    expect(codeOf(await ask(`{ ${repeat(30, (i) => `a${i}: apiKeys(first: 100) ${rows}`)} }`))).toBe('OPERATION_TOO_COMPLEX')
  })
  test.each(['toString', 'constructor', '__proto__', 'hasOwnProperty'])(
    'a default counts in a variable that is called %s',
    async (name) => {
      const document = (size: number): string => `query ($${name}: Int = ${size}) ${lists(30, `(first: $${name})`)}`
      expect(codeOf(await ask(document(2)))).toBeUndefined()
      expect(codeOf(await ask(document(100)))).toBe('OPERATION_TOO_COMPLEX')
    },
  )
  test('null over a default counts for the twenty that are listed', async () => {
    const fields = 'id label environment preview permissions status createdAt updatedAt expiresAt lastUsedAt revokedAt'
    const rows = `{ nodes { ${fields} project { id name createdAt } createdBy { ... on User { id name email } } } }`
    const document = `query ($n: Int = 1) { ${repeat(30, (i) => `a${i}: apiKeys(first: $n) ${rows}`)} }`
    expect(codeOf(await ask(document))).toBeUndefined()
    expect(codeOf(await ask(document, { n: 20 }))).toBe('OPERATION_TOO_COMPLEX')
    expect(codeOf(await ask(document, { n: null }))).toBe('OPERATION_TOO_COMPLEX')
  })
  test('the number of ids multiplies, from a variable too', async () => {
    const query = `query ($ids: [ID!]!) { ${repeat(30, (i) => `n${i}: nodes(ids: $ids) { id ... on ApiKey { label preview } ... on User { name } }`)} }`
    const ids = (count: number): object => ({ ids: Array.from({ length: count }, () => 'key_0') })
    // Thirty times 1 + 3 a row: the dearest kind counts, not their sum.
    expect(codeOf(await ask(query, ids(100)))).toBeUndefined()
    expect(codeOf(await ask(query.replaceAll('label preview', 'label preview environment'), ids(100)))).toBe('OPERATION_TOO_COMPLEX')
    expect(codeOf(await ask('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', ids(100)))).toBeUndefined()
    expect(codeOf(await ask('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', ids(101)))).toBe('BAD_USER_INPUT')
  })
  test('fragments that grow exponentially are counted, not walked', async () => {
    for (const breadth of [2, 10]) {
      const refused = await ask(spread(60, breadth))
      expect(refused.errors?.map((error) => error.extensions.code)).toEqual(['OPERATION_TOO_COMPLEX'])
    }
    // Without aliases it is the number of nodes that is too much.
    expect(codeOf(await ask(spread(60, 2).replace('a: kind', 'kind')))).toBe('OPERATION_TOO_COMPLEX')
  })
  test('fragments that spread themselves are invalid', async () => {
    const refused = await ask('{ viewer { ...a } } fragment a on Viewer { ...b } fragment b on Viewer { ...a }')
    expect(codeOf(refused)).toBe('GRAPHQL_VALIDATION_FAILED')
  })
})

describe('counts', () => {
  const counts = (count: number): string => `{ ${repeat(count, (i) => `a${i}: apiKeys(first: 1) { totalCount }`)} }`
  const ofCredentials = (servers: number, own = ''): string =>
    `{ mcpServers(first: ${servers}) { ${own} nodes { credentials(first: 50) { totalCount nodes { id } } } } }`

  test.each([
    ['of several lists', counts(documentLimits.counts), counts(documentLimits.counts + 1)],
    [
      'of one list',
      '{ apiKeys { a: totalCount b: totalCount c: totalCount } }',
      '{ apiKeys { a: totalCount b: totalCount c: totalCount totalCount } }',
    ],
    ['of nested lists, as often as there are rows', ofCredentials(documentLimits.counts), ofCredentials(documentLimits.counts + 1)],
    [
      'of nested lists and the list around them',
      ofCredentials(documentLimits.counts - 1, 'totalCount'),
      ofCredentials(documentLimits.counts, 'totalCount'),
    ],
    [
      'in a fragment',
      `${counts(2).slice(0, -1)} ...f } fragment f on Query { apiKeys { totalCount } }`,
      `${counts(3).slice(0, -1)} ...f } fragment f on Query { apiKeys { totalCount } }`,
    ],
  ])('%s: three pass, and one more is too much', async (_name, within, beyond) => {
    expect((await ask(within)).errors).toBeUndefined()
    const refused = await ask(beyond)
    expect(refused.status).toBe(400)
    expect(refused.errors).toMatchObject([
      {
        message: 'The operation counts 4 lists, and the limit is 3. Select "totalCount" in fewer lists.',
        extensions: { code: 'OPERATION_TOO_COMPLEX' },
      },
    ])
  })
  test('skipped counts cost nothing', async () => {
    const document = `query ($counts: Boolean!) { ${repeat(4, (i) => `a${i}: apiKeys { totalCount @include(if: $counts) nodes { id } }`)} }`
    expect(codeOf(await ask(document, { counts: false }))).toBeUndefined()
    expect(codeOf(await ask(document, { counts: true }))).toBe('OPERATION_TOO_COMPLEX')
  })
})

describe('lists of the sizes that people ask for', () => {
  const key = 'id label environment preview permissions status createdAt updatedAt expiresAt lastUsedAt revokedAt rateLimits { window max }'
  const createdBy = 'createdBy { ... on User { id name email } ... on ApiKey { id label } ... on EndUser { id externalId } }'
  test.each([
    `{ apiKeys(first: 100) { totalCount pageInfo { endCursor hasNextPage } nodes { ${key} project { id name } ${createdBy} } } }`,
    `{ auditEvents(first: 100) { nodes { id at action outcome details subjectId requestId ipAddress actor { ... on User { id name } ... on ApiKey { id label } } endUser { externalId } } } }`,
    '{ mcpServers(first: 50) { totalCount nodes { id name serverLabel serverUrl allowedTools metadata credentials(first: 10) { nodes { id name authType status expiresAt } } } } }',
    '{ apiKeys(first: 50) { totalCount nodes { id label } } accessTokens(first: 50) { totalCount nodes { id status } } endUsers(first: 50) { totalCount nodes { id externalId } } }',
  ])('%s', async (document) => {
    expect((await app.run(acme.adminToken, document)).errors).toBeUndefined()
  })

  const folders = ['client/operations', 'examples/operations'].map((folder) => resolve(import.meta.dirname, '..', folder))
  test.each(
    folders.flatMap((folder) =>
      readdirSync(folder)
        .filter((file) => file.endsWith('.graphql'))
        .map((file) => join(folder, file)),
    ),
  )('%s with a whole page', async (file) => {
    const document = parse(readFileSync(file, 'utf8'))
    const [operation] = document.definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION)
    const variables = { first: 100, withTotalCount: true, ids: Array.from({ length: 100 }, () => 'key_1') }
    expect(() => assertAffordable(analyzeComplexity(buildSchema(), document, operation!)(variables))).not.toThrow()
  })
})

describe('floods', () => {
  test('of errors end at a number', async () => {
    const answer = await ask(`{ ${repeat(1000, (i) => `unknown${i}`)} }`)
    expect(codeOf(answer)).toBe('GRAPHQL_VALIDATION_FAILED')
    expect(answer.errors!.length).toBeLessThanOrEqual(documentLimits.errors + 1)
  })
  test('of bad variables end at a number', async () => {
    const permissions = Array.from({ length: 15_000 }, () => ({}))
    const answer = await ask('mutation ($p: [Permission!]) { createApiKey(input: { permissions: $p }) { secret } }', { p: permissions })
    expect(codeOf(answer)).toBe('BAD_USER_INPUT')
    expect(answer.errors!.length).toBeLessThanOrEqual(documentLimits.errors)
  })
  test.each([
    ['deep lists', `${'['.repeat(1900)}1${']'.repeat(1900)}`],
    ['deep objects', `${'{a:'.repeat(900)}1${'}'.repeat(900)}`],
  ])('%s in a literal', async (_name, literal) => {
    // The parser may run out of stack first.
    expect(codeOf(await ask(`{ node(id: ${literal}) { id } }`))).toMatch(/^GRAPHQL_(VALIDATION|PARSE)_FAILED$/)
  })
  test('deep types of variables', async () => {
    const answer = await ask(`query ($a: ${'['.repeat(1900)}Int${']'.repeat(1900)}) { __typename }`)
    expect(codeOf(answer)).toBe('GRAPHQL_VALIDATION_FAILED')
  })
  test('deep selections, inline fragments', async () => {
    expect(codeOf(await ask(`{ ${'a { '.repeat(1300)}b${' }'.repeat(1300)} }`))).toBe('OPERATION_TOO_COMPLEX')
    expect(codeOf(await ask(`{ ${'... { '.repeat(1300)}__typename${' }'.repeat(1300)} }`))).toBeUndefined()
  })
})

describe('what tools send', () => {
  test('introspection, once and again', async () => {
    expect((await ask(getIntrospectionQuery())).errors).toBeUndefined()
    expect((await ask(getIntrospectionQuery({ descriptions: false, oneOf: true }))).errors).toBeUndefined()
  })
  test('one document with every field of every query, three levels deep, and the counts of lists that are not nested', async () => {
    const schema = buildSchema()
    const selection = (type: unknown, level: number): string => {
      if (!isObjectType(type)) return '{ __typename }'
      const fields = Object.values(type.getFields())
        .filter((field) => !field.args.some(isRequiredArgument))
        .flatMap((field) => {
          const named = getNamedType(field.type)
          if (field.name === 'totalCount' && level < 3) return []
          if (isLeafType(named)) return [field.name]
          return level > 1 && isCompositeType(named) ? [`${field.name} ${selection(named, level - 1)}`] : []
        })
      return `{ ${fields.join(' ')} __typename }`
    }
    for (const field of Object.values(schema.getQueryType()!.getFields())) {
      if (field.args.some(isRequiredArgument)) continue
      const named = getNamedType(field.type)
      const answer = await ask(`{ ${field.name} ${isLeafType(named) ? '' : selection(named, 3)} }`)
      expect([undefined, 'FORBIDDEN']).toContain(codeOf(answer))
    }
  })
})

describe('with introspection off', () => {
  let closed: TestApp
  beforeAll(async () => {
    closed = await startApp({ KEYHOUSE_INTROSPECTION: 'off' })
  })
  afterAll(() => closed.close())

  test('introspection is refused', async () => {
    const { data, errors } = await closed.run(null, getIntrospectionQuery())
    expect(data).toBeUndefined()
    expect(errors?.[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED')
  })
  test('a misspelled field gets no suggestion', async () => {
    const schema = buildSchema()
    const roots = [schema.getQueryType()!, schema.getMutationType()!]
    for (const root of roots) {
      const keyword = root.name.toLowerCase()
      for (const field of Object.values(root.getFields())) {
        const { errors, text } = await closed.run(null, `${keyword} { ${field.name}x { ix } }`)
        expect(errors?.[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED')
        expect(text.replaceAll(`${field.name}x`, '')).not.toContain(`${field.name}"`)
        expect(text).not.toContain('Did you mean')
        const [argument] = field.args
        if (!argument) continue
        const answer = await closed.run(null, `${keyword} { ${field.name}(${argument.name}x: 1) { __typenam } }`)
        expect(answer.text).not.toContain('Did you mean')
      }
    }
  })
  test('an invalid variable gets no suggestion', async () => {
    const answer = await closed.run(null, 'mutation ($input: VerifyApiKeyInput!) { verifyApiKey(input: $input) { __typename } }', {
      input: { secre: 'x', environment: 'SANBOX' },
    })
    expect(codeOf(answer)).toBe('BAD_USER_INPUT')
    expect(answer.text).not.toMatch(/secret|SANDBOX|Environment|Secret/)
  })
})
