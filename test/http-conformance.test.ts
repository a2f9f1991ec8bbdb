/** GraphQL over HTTP: the audits of graphql-http, and the behavior towards browsers and clients. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery } from 'graphql'
import { serverAudits } from 'graphql-http'

import { buildSchema } from '../src/schema.js'
import { startApp, type TestApp } from './support/app.js'
import { sendRaw } from './support/raw-http.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
})
afterAll(() => app.close())

/** As every client must, so that no page of another origin can send it. */
const preflighted = { 'apollo-require-preflight': '1' }

describe('graphql-http', () => {
  const audits = serverAudits({
    url: () => `${app.url}/graphql`,
    fetchFn: (url: string, init: RequestInit = {}) =>
      fetch(url, { ...init, headers: { ...preflighted, ...(init.headers as Record<string, string>) } }),
  })
  test('has 61 audits', () => expect(audits).toHaveLength(61))
  test.each(audits.map((audit) => [`${audit.id} ${audit.name}`, audit] as const))('%s', async (_name, audit) => {
    expect(await audit.fn()).toMatchObject({ status: 'ok' })
  })
})

describe('cross-site requests', () => {
  const query = encodeURIComponent('{ __typename }')
  test('a GET that needs no preflight is refused', async () => {
    const answer = await fetch(`${app.url}/graphql?query=${query}`)
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] })
  })
  test('a GET with Authorization is served, since a browser preflights it', async () => {
    const asked = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${app.url}/graphql?query=${encodeURIComponent('{ viewer { kind } }')}`, { headers })
    const answer = await asked({ authorization: `Bearer ${acme.sandboxKey}` })
    expect([answer.status, await answer.json()]).toEqual([200, { data: { viewer: { kind: 'API_KEY' } } }])
    // Browsers attach Basic credentials by themselves.
    expect((await asked({ authorization: 'Basic eDp5' })).status).toBe(401)
    expect((await asked({ cookie: 'session=1' })).status).toBe(400)
  })
  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'a POST of %s is refused',
    async (type) => {
      const answer = await fetch(`${app.url}/graphql`, {
        method: 'POST',
        body: '{"query":"{ __typename }"}',
        headers: { ...preflighted, 'content-type': type },
      })
      expect(answer.status).toBe(415)
      expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] })
    },
  )
  test('a mutation by GET is refused with 405, also preflighted', async () => {
    const answer = await fetch(`${app.url}/graphql?query=${encodeURIComponent('mutation { __typename }')}`, { headers: preflighted })
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toBe('POST')
    expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST', requestId: expect.any(String) } }] })
  })
  test('a batch is refused', async () => {
    const answer = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      body: '[{"query":"{ __typename }"}]',
      headers: { 'content-type': 'application/json' },
    })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] })
  })
})

describe('status by media type', () => {
  const ask = async (query: string, accept: string): Promise<number> => (await app.run(null, query, {}, { accept })).status
  test.each(['{', '{ unknown }', 'query ($id: ID!) { node(id: $id) { id } }'])('%s', async (query) => {
    expect(await ask(query, 'application/json')).toBe(200)
    expect(await ask(query, 'application/graphql-response+json')).toBe(400)
  })
  test('early refusals are in the media type that was asked for', async () => {
    const both = 'application/graphql-response+json,application/json;q=0.9'
    for (const [accept, type] of [
      ['application/json', 'application/json; charset=utf-8'],
      [both, 'application/graphql-response+json; charset=utf-8'],
      ['text/html', 'application/json; charset=utf-8'],
    ] as const) {
      const refused = await app.run('kh_sand_unknown', '{ viewer { kind } }', {}, { accept })
      expect([refused.status, refused.headers.get('content-type')]).toEqual([401, type])
      const unreadable = await fetch(`${app.url}/graphql`, {
        method: 'POST',
        body: '{',
        headers: { 'content-type': 'application/json', accept },
      })
      expect([unreadable.status, unreadable.headers.get('content-type')]).toEqual([400, type])
    }
  })
  test('refusals keep theirs', async () => {
    expect(await ask('{ viewer { kind } }', 'application/json')).toBe(401)
    expect(await ask('{ viewer { kind } }', 'application/graphql-response+json')).toBe(401)
  })
})

describe('what clients do', () => {
  const post = (body: object, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${app.url}/graphql`, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } })
  const get = (search: string): Promise<Response> => fetch(`${app.url}/graphql?${search}`, { headers: preflighted })

  test.each([
    [undefined, 'application/json'],
    ['*/*', 'application/json'],
    ['application/graphql-response+json', 'application/graphql-response+json'],
    ['application/json;q=0.5, application/graphql-response+json', 'application/graphql-response+json'],
    ['application/graphql-response+json;q=0.5, application/json', 'application/json'],
    ['text/html, application/json;q=0.1', 'application/json'],
    ['text/html, application/graphql-response+json', 'application/graphql-response+json'],
    ['application/json; charset=utf-8', 'application/json'],
    ['application/graphql-response+json;charset=UTF-8', 'application/graphql-response+json'],
    ['', 'application/json'],
  ])('who accepts %s gets %s', async (accept, type) => {
    const answer = await sendRaw(
      app.url,
      `POST /graphql HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${accept === undefined ? '' : `Accept: ${accept}\r\n`}Content-Type: application/json\r\nContent-Length: 26\r\n\r\n{"query":"{ __typename }"}`,
    )
    expect([answer.status, answer.headers['content-type']]).toEqual([200, `${type}; charset=utf-8`])
  })
  test.each(['image/png', 'text/html', 'application/json; charset=latin1'])('who accepts only %s is refused', async (accept) => {
    const answer = await post({ query: '{ __typename }' }, { accept })
    expect(answer.status).toBe(406)
    expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] })
  })
  const two = 'query A { a: __typename } query B { b: __typename }'
  test('one operation of a document is named, and another the next time', async () => {
    expect(await (await post({ query: two, operationName: 'A' })).json()).toEqual({ data: { a: 'Query' } })
    expect(await (await post({ query: two, operationName: 'B' })).json()).toEqual({ data: { b: 'Query' } })
  })
  test.each([
    ['none named', { query: two }],
    ['another named', { query: two, operationName: 'C' }],
    ['no operation at all', { query: 'fragment f on Query { __typename }', operationName: 'f' }],
    ['no document', {}],
    ['an empty document', { query: '' }],
    ['a document as a tree', { query: { kind: 'Document', definitions: [] } }],
    ['variables as a text', { query: '{ __typename }', variables: '{}' }],
    ['variables as a list', { query: '{ __typename }', variables: [] }],
    ['extensions as a text', { query: '{ __typename }', extensions: 'x' }],
    ['a name that is none', { query: '{ __typename }', operationName: 1 }],
    ['a subscription', { query: 'subscription { __typename }' }],
  ])('refused: %s', async (_name, body) => {
    const answer = await post(body, { accept: 'application/graphql-response+json' })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([400, 'application/graphql-response+json; charset=utf-8'])
    const { errors, data } = (await answer.json()) as { errors: { extensions: { code: string } }[]; data?: unknown }
    expect(['BAD_REQUEST', 'GRAPHQL_VALIDATION_FAILED']).toContain(errors[0]?.extensions.code)
    expect(data).toBeUndefined()
  })
  test.each(['query={__typename}&query={__typename}', 'query={__typename}&variables={', 'query={__typename}&variables=1', 'variables={}'])(
    'refused in a URL: %s',
    async (search) => {
      const answer = await get(search)
      expect([answer.status, await answer.json()]).toMatchObject([400, { errors: [{ extensions: { code: 'BAD_REQUEST' } }] }])
    },
  )
  test.each(['text/plain', 'application/foo', 'text/plain,application/json'])('a URL with a body of %s is refused', async (type) => {
    const answer = await fetch(`${app.url}/graphql?query={__typename}`, { headers: { ...preflighted, 'content-type': type } })
    expect(answer.status).toBe(415)
  })
  test('the log names the operation that was refused', async () => {
    await get(`query=${encodeURIComponent('mutation { resetSandbox(input: {}) { userErrors { code } } }')}`)
    expect(app.log).toContain('"operation":"mutation resetSandbox"')
  })
  test('a query in a URL, with variables', async () => {
    const query = encodeURIComponent('query ($a: Boolean!) { __typename @include(if: $a) }')
    expect(await (await get(`query=${query}&variables={"a":true}`)).json()).toEqual({ data: { __typename: 'Query' } })
  })
  test('null in a variable with a default, where null may not stand, is the fault of the caller', async () => {
    const { errors } = await app.run(null, 'query ($id: ID = "key_1") { node(id: $id) { id } }', { id: null })
    expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
  })
})

describe('introspection', () => {
  test('builds the whole schema for clients', async () => {
    const options = { inputValueDeprecation: true, oneOf: true, specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true }
    const { data } = await app.run<IntrospectionQuery>(null, getIntrospectionQuery(options))
    const types = Object.keys(buildClientSchema(data).getTypeMap())
    expect(types.toSorted()).toEqual(Object.keys(buildSchema().getTypeMap()).toSorted())
  })
})

describe('every answer', () => {
  test.each([
    ['GraphQL', 'POST', '/graphql', 200],
    ['a page', 'GET', '/graphql', 400],
    ['HEAD', 'HEAD', '/graphql', 400],
    ['OPTIONS', 'OPTIONS', '/graphql', 204],
    ['another method', 'PUT', '/graphql', 405],
    ['another path', 'GET', '/nothing/here', 404],
    ['a bad path', 'GET', '/%zz', 400],
    ['a key set', 'GET', '/.well-known/jwks.json', 200],
    ['health', 'GET', '/healthz', 200],
  ])('%s has a request id, and is JSON when it refuses', async (_name, method, path, status) => {
    const answer = await sendRaw(
      app.url,
      `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${method === 'POST' ? 'Content-Type: application/json\r\nContent-Length: 26\r\n' : ''}\r\n${method === 'POST' ? '{"query":"{ __typename }"}' : ''}`,
    )
    expect(answer.status).toBe(status)
    expect(answer.headers['x-request-id']).toMatch(/^req_[0-9a-f]{32}$/)
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
    if (status < 400 || method === 'HEAD') return
    expect(JSON.parse(answer.body)).toMatchObject({
      errors: [{ extensions: { code: 'BAD_REQUEST', requestId: answer.headers['x-request-id'] } }],
    })
    expect(answer.headers['cache-control']).toBe('no-store')
  })
  test('of GraphQL is not to be stored', async () => {
    for (const query of ['{ __typename }', '{', '{ viewer { kind } }']) {
      const answer = await app.run(null, query)
      expect(answer.headers.get('cache-control')).toBe('no-store')
    }
  })
  test('repeats the request id in each error', async () => {
    const answer = await app.run(null, '{ a: viewer { kind } b: viewer { kind } }')
    expect(answer.errors).toHaveLength(2)
    for (const error of answer.errors ?? []) expect(error.extensions.requestId).toBe(answer.headers.get('x-request-id'))
  })
})

describe('browsers', () => {
  const studio = 'https://studio.apollographql.com'
  const preflight = (origin: string): Promise<Response> =>
    fetch(`${app.url}/graphql`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-private-network': 'true' },
    })
  test('a page of an unknown origin gets no leave', async () => {
    const answer = await preflight(studio)
    expect(answer.status).toBe(204)
    expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
  })
  test('the landing page is off unless the server is local', async () => {
    const answer = await fetch(`${app.url}/graphql`, { headers: { accept: 'text/html' } })
    expect(answer.headers.get('content-type')).toContain('application/json')
  })
  test('locally, hosted Sandbox may call, into the private network too, with the headers of traces and of Apollo Client', async () => {
    const local = await startApp({ KEYHOUSE_URL: 'http://localhost:4000' })
    try {
      const leave = await fetch(`${local.url}/graphql`, {
        method: 'OPTIONS',
        headers: { origin: studio, 'access-control-request-method': 'POST', 'access-control-request-private-network': 'true' },
      })
      expect(Object.fromEntries(leave.headers)).toMatchObject({
        'access-control-allow-origin': studio,
        'access-control-allow-private-network': 'true',
        vary: 'Origin',
      })
      expect(leave.headers.get('access-control-allow-headers')?.split(', ')).toEqual(
        expect.arrayContaining([
          'traceparent',
          'tracestate',
          'apollographql-client-name',
          'apollographql-client-version',
          'x-apollo-operation-name',
        ]),
      )
      const elsewhere = await fetch(`${local.url}/healthz`, {
        method: 'OPTIONS',
        headers: { origin: studio, 'access-control-request-method': 'GET' },
      })
      expect([elsewhere.status, elsewhere.headers.get('access-control-allow-methods')]).toEqual([404, null])
    } finally {
      await local.close()
    }
  })
})
