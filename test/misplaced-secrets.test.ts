/** Secrets in wrong places of a request: absent from bodies, headers, logs and audit events. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { AuditEvent } from '../src/entities/audit-event.js'
import { buildSchema } from '../src/schema.js'
import { startApp, type TestApp } from './support/app.js'
import { canary, inputWith, secretPositions, type Position } from './support/secret-positions.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
})
afterAll(() => app.close())

const formats = ['application/json', 'application/graphql-response+json']

async function silent(body: object, headers: Record<string, string> = {}): Promise<void> {
  for (const accept of formats) {
    for (const credential of [acme.sandboxKey, acme.adminToken]) {
      const answer = await fetch(`${app.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept, authorization: `Bearer ${credential}`, ...headers },
        body: JSON.stringify(body),
      })
      const text = await answer.text()
      expect(text).not.toContain('CANARY')
      expect(JSON.stringify([...answer.headers])).not.toContain('CANARY')
      expect(answer.status).toBeLessThan(500)
    }
  }
}

/** Where the last check ended in the audit trail and in the log. */
const read = { seq: 0, lines: 0 }

async function nothingKept(): Promise<void> {
  const events = await acme.em.find(AuditEvent, { seq: { $gt: read.seq } })
  const log = app.logFrom(read.lines)
  Object.assign(read, { seq: Math.max(read.seq, ...events.map(({ seq }) => seq)), lines: app.logLength })
  expect(JSON.stringify(events)).not.toContain('CANARY')
  expect(log).not.toContain('CANARY')
  expect(log).not.toMatch(/"level":[56]0/)
}

const long = canary.repeat(400)
const malformed: Record<string, unknown> = {
  right: canary,
  'with a space': ` ${canary} `,
  'with NUL': `${canary}\0`,
  'with half a surrogate pair': `${canary}\uD800`,
  'too long': long,
  'a list': [canary],
  'a list of lists': [[canary], null],
  'an object': { secret: canary },
  'as a name': { [canary]: 1 },
  'deep down': { a: { b: [{ c: canary }] } },
}

const schema = buildSchema()
const positions = secretPositions(schema)

test('there are positions', () => expect(positions.length).toBeGreaterThan(1))

describe.each(positions.map((position) => [`${position.field}.${position.path.join('.')}`, position] as const))('%s', (_name, position) => {
  const { operation, field, argument, path } = position
  const query = `${operation} ($value: ${String(argument.type)}) { ${field}(${argument.name}: $value) { __typename ... on ${payloadOf(position)} { userErrors { code message path } } } }`
  const whole = (value: unknown): unknown => inputWith(argument.type, path, value)

  test('as a variable of every wrong shape', async () => {
    for (const value of Object.values(malformed)) {
      await silent({ query, variables: { value: whole(value) } })
      await silent({ query, variables: { value } })
    }
    await nothingKept()
  })
  test('beside another fault, as an unknown field, in another variable', async () => {
    const beside = whole(canary) as object
    await silent({ query, variables: { value: { ...beside, nonsense: 1 } } })
    await silent({ query, variables: { value: { ...beside, [canary]: 1 } } })
    await silent({ query, variables: { value: { ...beside, nonsense: canary } } })
    await silent({ query, variables: { value: [beside, beside] } })
    await silent({ query, variables: { value: null, [canary]: canary, other: canary } })
    for (const type of ['Int', 'Boolean', 'ID', 'Secret', 'DateTime', 'CredentialStatus', '[Int!]!', 'ApiKeyFilter']) {
      await silent({ query: query.replace(`$value: ${String(argument.type)}`, `$value: ${type}`), variables: { value: canary } })
    }
    await nothingKept()
  })
  test('as a literal', async () => {
    const literal = (value: unknown): string =>
      typeof value === 'object' && value !== null
        ? Array.isArray(value)
          ? `[${value.map(literal).join(', ')}]`
          : `{ ${Object.entries(value)
              .map(([key, one]) => `${key}: ${literal(one)}`)
              .join(', ')} }`
        : JSON.stringify(value)
    for (const value of [canary, [canary], { [canary]: 1 }, { a: canary }]) {
      await silent({ query: `${operation} { ${field}(${argument.name}: ${literal(whole(value))}) { __typename } }` })
    }
    await silent({ query: `${operation} { ${field}(${argument.name}: ${canary}) { __typename } }` })
    await silent({ query: `${operation} { ${field}(${argument.name}: """${canary}""") { __typename } }` })
    await silent({ query: `${operation} { ${field}(${argument.name}: "${canary}` })
    await nothingKept()
  })
})

function payloadOf({ operation, field }: Position): string {
  const root = operation === 'query' ? schema.getQueryType() : schema.getMutationType()
  return String(root!.getFields()[field]!.type).replace('!', '')
}

const literals = [`"${canary}"`, `["${canary}"]`, canary, '1', `"""${canary}"""`]
test.each(literals)('a secret written into the document as %s is told where it belongs', async (literal) => {
  const { errors } = await app.run(acme.sandboxKey, `mutation { verifyApiKey(input: { secret: ${literal} }) { verdict { code } } }`)
  expect(errors!.map(({ message }) => message)).toEqual(['A Secret must be sent in a variable, not as a literal in the document.'])
})

describe('where no secret belongs', () => {
  const places: Record<string, object> = {
    'the name of an operation': { query: `query ${canary} { __typename }`, operationName: canary },
    'the name of another operation': { query: 'query a { __typename }', operationName: canary },
    'an operation name that is no name': { query: '{ __typename }', operationName: `"${canary}" ${canary}` },
    extensions: { query: '{ __typename }', extensions: { secret: canary } },
    'a persisted query': { query: '{ __typename }', extensions: { persistedQuery: { version: 1, sha256Hash: canary } } },
    'a comment': { query: `{ __typename } # ${canary}` },
    'an unknown field': { query: `{ ${canary} }` },
    'an unknown argument': { query: `{ viewer(${canary}: 1) { kind } }` },
    'an unknown type': { query: `{ node(id: "x") { ... on ${canary} { id } } }` },
    'an unknown fragment': { query: `{ ...${canary} }` },
    'an unused fragment': { query: `{ __typename } fragment ${canary} on Query { __typename }` },
    'an unknown variable': { query: `{ node(id: $${canary}) { id } }` },
    'a required variable': { query: `query ($${canary}: ID!) { node(id: $${canary}) { id } }` },
    'an unknown directive': { query: `{ __typename @${canary} }` },
    'an enum': { query: `{ apiKeys(filter: { statuses: [${canary}] }) { nodes { id } } }` },
    'an enum in a variable': {
      query: 'query ($s: [CredentialStatus!]) { apiKeys(filter: { statuses: $s }) { nodes { id } } }',
      variables: { s: [canary] },
    },
    'an id': { query: '{ node(id: $id) { id } }'.replace('$id', `"${canary}"`) },
    'a cursor': { query: `{ apiKeys(after: "${canary}") { nodes { id } } }` },
    'a search': { query: `{ apiKeys(filter: { search: "${canary}" }) { nodes { id } } }` },
    'a syntax error': { query: `{ node(id: "${canary}` },
    'a stray word': { query: `${canary} { viewer }` },
  }
  test.each(Object.entries(places))('%s', async (_name, body) => {
    await silent(body)
    await nothingKept()
  })
  test('an alias comes back as the key that it is, and nowhere else', async () => {
    const answer = await app.run(acme.sandboxKey, `{ ${canary}: __typename }`)
    expect(answer.data).toEqual({ [canary]: 'Query' })
    await nothingKept()
  })
  test('headers, and the address', async () => {
    await silent(
      { query: '{ __typename }' },
      { 'x-request-id': canary, 'user-agent': canary, 'x-apollo-operation-name': canary, cookie: canary },
    )
    for (const path of [`/${canary}`, `/graphql?query=${canary}`, `/graphql?variables=${canary}`, `/graphql/${canary}`]) {
      const answer = await fetch(`${app.url}${path}`, { headers: { 'apollo-require-preflight': '1' } })
      expect(await answer.text()).not.toContain('CANARY')
    }
    for (const authorization of [canary, `Bearer ${canary}`, `Basic ${canary}`, `Bearer ${canary}.${canary}.${canary}`]) {
      const answer = await fetch(`${app.url}/graphql`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: '{"query":"{ __typename }"}',
      })
      expect(answer.status).toBe(401)
      expect((await answer.text()) + JSON.stringify([...answer.headers])).not.toContain('CANARY')
    }
    await nothingKept()
  })
})
