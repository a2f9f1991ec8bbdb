/** Apollo Client, urql, graphql-request, Relay and graphql-codegen with default settings. */
import { createHash } from 'node:crypto'

import { ApolloClient, CombinedGraphQLErrors, gql, HttpLink, InMemoryCache, type ApolloLink } from '@apollo/client'
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { cacheExchange, Client as UrqlClient, fetchExchange } from '@urql/core'
import { buildClientSchema, getIntrospectionQuery, printSchema, type IntrospectionQuery } from 'graphql'
import { GraphQLClient } from 'graphql-request'
import {
  Environment,
  fetchQuery,
  Network,
  RecordSource,
  Store,
  type ConcreteRequest,
  type GraphQLResponse,
  type RequestParameters,
  type Variables,
} from 'relay-runtime'

import { code } from '../client/tools/code.js'
import { revokeApiKey } from '../src/api-keys/revoke-api-key.js'
import { systemContext } from '../src/context/context.js'
import { buildSchema } from '../src/schema.js'
import { startApp, type TestApp } from './support/app.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
let url: string
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
  url = `${app.url}/graphql`
})
afterAll(() => app.close())

const bearer = (credential: string): { authorization: string } => ({ authorization: `Bearer ${credential}` })
const viewer = 'query Viewer($withKey: Boolean!) { viewer { kind environment apiKey @include(if: $withKey) { label } } }'
const variables = { withKey: true }
const expected = { kind: 'API_KEY', environment: 'SANDBOX', apiKey: { label: expect.any(String) } }
const createProject =
  'mutation CreateProject($input: CreateProjectInput!) { createProject(input: $input) { project { slug } userErrors { code } } }'

/** What the log says of the requests that this makes. */
async function requestsOf(work: () => Promise<unknown>): Promise<{ method: string; status: number; operation?: string }[]> {
  const before = app.logLength
  await work()
  // The line is written when the answer has left.
  await new Promise((resolve) => setTimeout(resolve, 20))
  const lines = app.logFrom(before).split('\n').filter(Boolean)
  return lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'request')
}

describe('Apollo Client', () => {
  const clientOf = (link: ApolloLink): ApolloClient => new ApolloClient({ link, cache: new InMemoryCache() })
  const withCredential = (credential: string): ApolloClient => clientOf(new HttpLink({ uri: url, headers: bearer(credential) }))

  test('queries and mutates', async () => {
    const client = withCredential(acme.adminToken)
    const { data } = await client.query({
      query: gql`
        query {
          viewer {
            kind
          }
        }
      `,
    })
    expect(data).toMatchObject({ viewer: { kind: 'PERSONAL_TOKEN' } })
    const created = await client.mutate({ mutation: gql(createProject), variables: { input: { name: 'Apollo', slug: 'apollo' } } })
    expect(created.data).toMatchObject({ createProject: { project: { slug: 'apollo' }, userErrors: [] } })
    client.stop()
  })

  const refused: Record<string, [code: string, credential: () => Promise<string>]> = {
    'an unknown credential': ['UNAUTHENTICATED', () => Promise.resolve('kh_sand_unknown')],
    'a revoked key': [
      'CREDENTIAL_REVOKED',
      async () => {
        const { id, secret } = await acme.apiKey()
        await revokeApiKey(systemContext(app.services, acme.id), { id })
        return secret
      },
    ],
    'a key over its rate limit': [
      'RATE_LIMITED',
      async () => {
        const { secret } = await acme.apiKey({ rateLimits: [{ window: 'DAY', max: 1 }] })
        await app.run(secret, '{ __typename }')
        return secret
      },
    ],
  }
  test.each(Object.entries(refused))('sees the code for %s, which is refused before GraphQL', async (_name, [refusal, credential]) => {
    const client = withCredential(await credential())
    const error: unknown = await client.query({ query: gql(viewer), variables }).catch((thrown: unknown) => thrown)
    expect(CombinedGraphQLErrors.is(error) && error.errors[0]?.extensions?.['code']).toBe(refusal)
    client.stop()
  })

  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
  test.each([
    ['POST', false],
    ['GET', true],
  ])('sends hashes by %s: the text once, and afterwards never again', async (method, useGETForHashedQueries) => {
    const query = gql(`query Persisted${method} { viewer { kind } }`)
    const sent: string[] = []
    const spy = (input: string, init?: RequestInit): Promise<Response> => {
      sent.push(JSON.stringify([input, init?.body]))
      return fetch(input, init)
    }
    const http = new HttpLink({ uri: url, headers: bearer(acme.sandboxKey), fetch: spy as typeof fetch })
    const ask = async (): Promise<void> => {
      const client = clientOf(new PersistedQueryLink({ sha256, useGETForHashedQueries }).concat(http))
      expect((await client.query({ query })).data).toMatchObject({ viewer: { kind: 'API_KEY' } })
      client.stop()
    }
    await ask()
    expect(sent).toHaveLength(2)
    await ask()
    expect(sent).toHaveLength(3)
    expect(sent.map((text) => /query(=|\\":)/.test(text))).toEqual([false, true, false])
    const [first] = await requestsOf(ask)
    expect(first).toMatchObject({ method, status: 200, operation: 'query viewer' })
  })
})

describe('urql', () => {
  const client = (): UrqlClient =>
    new UrqlClient({ url, exchanges: [cacheExchange, fetchExchange], fetchOptions: { headers: bearer(acme.adminToken) } })

  test('queries by GET, which is its default', async () => {
    const [request] = await requestsOf(async () => {
      const { data, error } = await client().query(viewer, { withKey: false }).toPromise()
      expect(error).toBeUndefined()
      expect(data).toMatchObject({ viewer: { kind: 'PERSONAL_TOKEN' } })
    })
    expect(request).toMatchObject({ method: 'GET', status: 200, operation: 'query viewer' })
  })
  test('mutates by POST', async () => {
    const { data } = await client()
      .mutation(createProject, { input: { name: 'urql', slug: 'urql' } })
      .toPromise()
    expect(data).toMatchObject({ createProject: { project: { slug: 'urql' }, userErrors: [] } })
  })
})

test('graphql-request queries', async () => {
  const client = new GraphQLClient(url, { headers: bearer(acme.sandboxKey) })
  expect(await client.request(viewer, variables)).toEqual({ viewer: expected })
})

describe('Relay', () => {
  /** As its documentation has it. */
  const fetchFn = async ({ text }: RequestParameters, values: Variables): Promise<GraphQLResponse> => {
    const headers = { 'content-type': 'application/json', ...bearer(acme.sandboxKey) }
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query: text, variables: values }) })
    return (await response.json()) as GraphQLResponse
  }
  const scalar = (name: string): object => ({ alias: null, args: null, kind: 'ScalarField', name, storageKey: null })
  const selections = [
    {
      alias: null,
      args: null,
      concreteType: 'Viewer',
      kind: 'LinkedField',
      name: 'viewer',
      plural: false,
      selections: [scalar('kind'), scalar('environment')],
      storageKey: null,
    },
  ]
  const document = 'query RelayViewer { viewer { kind environment } }'
  /** What its compiler makes of the document. */
  const request = {
    kind: 'Request',
    fragment: { argumentDefinitions: [], kind: 'Fragment', metadata: null, name: 'RelayViewer', selections, type: 'Query' },
    operation: { argumentDefinitions: [], kind: 'Operation', name: 'RelayViewer', selections },
    params: { cacheID: 'relay-viewer', id: null, metadata: {}, name: 'RelayViewer', operationKind: 'query', text: document },
  } as unknown as ConcreteRequest

  test('queries through its network layer and store', async () => {
    const environment = new Environment({ network: Network.create(fetchFn), store: new Store(new RecordSource()) })
    const answer = await fetchQuery(environment, request, {}).toPromise()
    expect(answer).toEqual({ viewer: { kind: 'API_KEY', environment: 'SANDBOX' } })
  })
})

test('GraphQL Code Generator makes types from the introspection of the server', async () => {
  const introspection = await new GraphQLClient(url, { headers: bearer(acme.sandboxKey) }).request<IntrospectionQuery>(
    getIntrospectionQuery({ oneOf: true, inputValueDeprecation: true }),
  )
  const schema = buildClientSchema(introspection)
  expect(Object.keys(schema.getTypeMap()).toSorted()).toEqual(Object.keys(buildSchema().getTypeMap()).toSorted())
  const { types } = await code(printSchema(schema), [{ location: 'viewer.graphql', text: viewer }])
  expect(types).toMatch(/export type ViewerQuery = \{[\s\S]*kind: /)
})
