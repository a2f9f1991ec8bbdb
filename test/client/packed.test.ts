/** The packed client: what is in the tarball, on every Node here, through other clients, past the compiler, and how much it weighs. */
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type * as Kit from '@keyhouse/client'
import type * as Documents from '@keyhouse/client/documents'
import { Client as UrqlClient, fetchExchange } from '@urql/core'
import { GraphQLClient } from 'graphql-request'

import { hookLimit, limit, sizes } from '../../client/tools/sizes.js'
import { startApp, type TestApp } from '../support/app.js'
import { installClient, nodes, oldestNode, runNode, typeCheck, type ClientPackage } from '../support/client-package.js'
import { organization, type SeededOrganization } from '../support/seed.js'

let app: TestApp
let acme: SeededOrganization
let client: ClientPackage
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
  client = await installClient()
  client.beside('react', '@types/react', '@tanstack/react-query', 'graphql', '@apollo/client', '@urql/core', 'graphql-request', 'rxjs')
})
afterAll(async () => {
  client.remove()
  await app.close()
})

test('the tarball holds the compiled package, its README, and nothing else', () => {
  expect(readdirSync(client.directory).toSorted()).toEqual(['README.md', 'dist', 'package.json'])
  const manifest = JSON.parse(readFileSync(join(client.directory, 'package.json'), 'utf8')) as Record<string, unknown>
  expect(manifest['dependencies']).toBeUndefined()
  expect(manifest['engines']).toEqual({ node: `>=${oldestNode}` })
})

describe('in Node', () => {
  // The one that runs the tests, and every other that this machine has beside it.
  test.each(nodes())('%s', async (node) => {
    const seen = JSON.parse(await runNode(node, client.bring('program.js'), { KEYHOUSE_URL: app.url, KEYHOUSE_KEY: acme.sandboxKey })) as {
      node: string
    }
    expect(Number(seen.node.split('.', 1)[0])).toBeGreaterThanOrEqual(oldestNode)
    expect(seen).toEqual({
      node: expect.any(String),
      kind: 'API_KEY',
      parts: 3,
      audience: 'https://api.example.com',
      listed: 1,
      total: 1,
      uncounted: false,
      refused: {
        kind: 'refused',
        name: 'UserErrorsError',
        message: expect.stringMatching(/^rotateApiKey was refused\. .+\.$/),
        code: 'NOT_FOUND',
        requestId: expect.stringMatching(/^req_/),
        operation: 'rotateApiKey',
      },
      failed: {
        kind: 'failed',
        name: 'ApiError',
        message: expect.stringMatching(/\.$/),
        code: 'UNAUTHENTICATED',
        status: 401,
        requestId: expect.stringMatching(/^req_/),
        operation: 'viewer',
      },
    })
    expect(JSON.stringify(seen)).not.toContain(acme.sandboxKey)
  })
})

test('the same operation answers the same through the client, Apollo Client, urql and graphql-request', async () => {
  const { createClient, apiKeys } = await client.load<typeof Kit>('@keyhouse/client')
  const { ApiKeysDocument } = await client.load<typeof Documents>('@keyhouse/client/documents')
  const variables = { first: 5, withTotalCount: true }
  // A token of a person: the time of last use of a key would be written between the answers.
  const { adminToken } = await organization(app)
  const headers = { authorization: `Bearer ${adminToken}` }
  const url = `${app.url}/graphql`

  const own = await apiKeys(createClient({ url: app.url, credential: adminToken }), variables)
  expect(own.nodes).toHaveLength(1)

  // Apollo adds __typename to what it asks; the answer is compared without.
  const apollo = new ApolloClient({ link: ApolloLink.from([new HttpLink({ uri: url, headers })]), cache: new InMemoryCache() })
  const { data } = await apollo.query({ query: ApiKeysDocument, variables })
  const plain = JSON.parse(JSON.stringify(data?.apiKeys, (key, value: unknown) => (key === '__typename' ? undefined : value)))
  expect(plain).toEqual(JSON.parse(JSON.stringify(own, (key, value: unknown) => (key === '__typename' ? undefined : value))))
  apollo.stop()

  const urql = new UrqlClient({ url, exchanges: [fetchExchange], fetchOptions: { headers } })
  const answered = await urql.query<{ apiKeys: object }, object>(ApiKeysDocument, variables)
  expect(answered.error).toBeUndefined()
  expect(answered.data?.apiKeys).toEqual(own)

  const requested = await new GraphQLClient(url, { headers }).request<{ apiKeys: object }>(ApiKeysDocument, variables)
  expect(requested.apiKeys).toEqual(own)
})

describe('the compiler', () => {
  const configure = (): void =>
    writeFileSync(
      join(client.folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          target: 'es2022',
          lib: ['es2022', 'dom'],
          module: 'nodenext',
          strict: true,
          exactOptionalPropertyTypes: true,
          noUncheckedIndexedAccess: true,
          noEmit: true,
          types: [],
          // Of Apollo, urql and graphql-request too; ours are checked by the program below.
          skipLibCheck: true,
        },
        files: ['usage.ts'],
      }),
    )

  test('takes what is right, and sees every fault that is planted', async () => {
    configure()
    client.bring('usage.ts')
    expect(await typeCheck(client.folder)).toBe('')
  })

  test('would not have been silent', async () => {
    configure()
    appendFileSync(
      client.bring('usage.ts'),
      `void viewer(client, { retires: 1 })\n// @ts-expect-error nothing is wrong here\nvoid viewer(client)\n`,
    )
    const browserErrors = await typeCheck(client.folder)
    expect(browserErrors).toMatch(/'retires' does not exist/)
    expect(browserErrors).toMatch(/Unused '@ts-expect-error' directive/)
  })

  test('accepts the declarations of the package themselves', async () => {
    writeFileSync(
      join(client.folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: { target: 'es2022', lib: ['es2022', 'dom'], module: 'nodenext', strict: true, noEmit: true, types: [] },
        files: ['whole.ts'],
      }),
    )
    writeFileSync(join(client.folder, 'whole.ts'), `export * from '@keyhouse/client'\n`)
    expect(await typeCheck(client.folder)).toBe('')
  })
})

test('each function weighs less than 4 kB in a page and each hook less than 6, with the client, and nothing of graphql', async () => {
  const rows = await sizes(join(client.directory, 'dist'))
  expect(rows.length).toBeGreaterThan(100)
  expect([limit, hookLimit]).toEqual([4096, 6144])
  for (const { name, bytes, inputs } of rows) {
    expect(bytes).toBeLessThan(name.startsWith('use') ? hookLimit : limit)
    expect(inputs.filter((input) => /node_modules\/(?!@keyhouse)/.test(input))).toEqual([])
  }
})
