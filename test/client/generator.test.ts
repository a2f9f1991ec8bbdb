/** The client's generator, on schemas small enough to see through. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

import { describe, expect, test } from '@jest/globals'
import { buildSchema as buildGraphqlSchema, parse, validate } from 'graphql'

import { code } from '../../client/tools/code.js'
import { defaultDocument, type SchemaOperation } from '../../client/tools/default-document.js'
import { buildSchema } from '../../src/schema.js'
import { typeCheck } from '../support/client-package.js'

const schemaText = `
  scalar Secret
  enum UserErrorCode { INVALID }
  type UserError { code: UserErrorCode! message: String! path: [String!] }
  input AuthInput @oneOf { bearerToken: Secret headers: [HeaderInput!] }
  input HeaderInput { name: String! value: Secret! }
  input StoreInput { auth: AuthInput! idempotencyKey: String }
  type StorePayload { id: ID secret: Secret userErrors: [UserError!]! }
  "Asks. Never more than */ that."
  type Query {
    "What it is. */ export const planted = 1 /*"
    thing(id: ID!): String
  }
  type Mutation {
    store(input: StoreInput!): StorePayload
    forget: StorePayload
  }
`
const sources = [
  {
    location: 'store',
    text: 'mutation Store($input: StoreInput!) { store(input: $input) { id secret userErrors { code message path } } }',
  },
  { location: 'forget', text: 'mutation Forget { forget { id userErrors { code message path } } }' },
  { location: 'thing', text: 'query Thing($id: ID!) { thing(id: $id) }' },
]

/** The sources of the client with what was generated, and a program that uses it. */
async function compile(program: string): Promise<string> {
  const root = resolve(import.meta.dirname, '../..')
  const folder = mkdtempSync(join(tmpdir(), 'keyhouse-generated-'))
  try {
    mkdirSync(join(folder, 'generated'))
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    for (const file of ['client', 'errors', 'operation', 'retry', 'provider', 'query-hooks', 'mutation-hooks', 'typed-document']) {
      symlinkSync(join(root, `client/src/${file}.ts`), join(folder, `${file}.ts`))
    }
    for (const [name, content] of Object.entries(await code(schemaText, sources)))
      writeFileSync(join(folder, `generated/${name}.ts`), content)
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    writeFileSync(join(folder, 'program.ts'), program)
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: join(root, 'client/tsconfig.json'),
        compilerOptions: { rootDir: '.', noUnusedLocals: false, preserveSymlinks: true },
        include: ['.'],
      }),
    )
    return await typeCheck(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const opening = `
  import type { Client } from './client.js'
  import { forget, store } from './generated/operations.js'
  import { useForget, useStore } from './generated/hooks.js'
  declare const client: Client
`

describe('what it makes', () => {
  test('takes one key of a @oneOf input, whichever', async () => {
    const program = `${opening}
      void store(client, { auth: { bearerToken: 'x' } })
      void store(client, { auth: { headers: [{ name: 'a', value: 'b' }] } })
      export const { mutate } = useStore()
      mutate({ auth: { bearerToken: 'x' } })
      useForget().mutate()
      void forget(client)
      export const id: Promise<string> = store(client, { auth: { bearerToken: 'x' } }).then((result) => result.id)
      // A repeated idempotency key answers without it.
      export const secret: Promise<string | null> = store(client, { auth: { bearerToken: 'x' } }).then((result) => result.secret)
    `
    expect(await compile(program)).toBe('')
  })

  test('refuses what is wrong when it is compiled, each line of it and no other', async () => {
    const wrong = [
      `void store(client, { auth: { bearerToken: 'x', headers: [] } })`,
      `void store(client, { auth: {} })`,
      `void store(client, { auth: { bearerToken: null } })`,
      `void store(client, { auth: { token: 'x' } })`,
      `void useStore().mutate({ auth: { bearerToken: 'x', headers: [] } })`,
      `void forget(client, {}, {})`,
      `void store(client, { auth: { bearerToken: 'x' } }).then(({ secret }) => secret.length)`,
    ]
    const before = opening.split('\n').length
    const lines = [...(await compile(`${opening}\n${wrong.join('\n')}\n`)).matchAll(/^program\.ts\((\d+),/gm)].map(([, line]) =>
      Number(line),
    )
    expect([...new Set(lines)]).toEqual(wrong.map((_, i) => before + 1 + i))
  })

  test('a description cannot leave its comment', async () => {
    const { operations } = await code(schemaText, sources)
    expect(operations).toContain('What it is. *\\/ export const planted')
  })
})

describe('what it refuses', () => {
  test.each([
    ['a field that is not there', 'query Thing($id: ID!) { thing(id: $id) more }'],
    ['another name', 'query That($id: ID!) { thing(id: $id) }'],
    ['an alias', 'query Thing($id: ID!) { that: thing(id: $id) }'],
    ['two fields', 'query Thing($id: ID!) { thing(id: $id) __typename }'],
    ['two operations', 'query Thing($id: ID!) { thing(id: $id) } query Other { __typename }'],
    ['a second variable of a mutation', 'mutation Forget($no: Boolean!) { forget @skip(if: $no) { id } }'],
  ])('%s', async (_, text) => {
    await expect(code(schemaText, [{ location: 'client/operations/it.graphql', text }])).rejects.toThrow(/it\.graphql/)
  })
})

test('the document that an operation starts with fits, for every operation there is', () => {
  const schema = buildSchema()
  const operations: SchemaOperation[] = [
    ...Object.values(schema.getQueryType()!.getFields()).map((field) => ({ kind: 'query', field }) as const),
    ...Object.values(schema.getMutationType()!.getFields()).map((field) => ({ kind: 'mutation', field }) as const),
  ]
  for (const operation of operations) expect(validate(schema, parse(defaultDocument(operation, schema)))).toEqual([])
})

test('members of a union that answer one name with two types do not both keep it', () => {
  const schema = buildGraphqlSchema(`
    interface Node { id: ID! }
    type A implements Node { id: ID! name: String! label: String }
    type B implements Node { id: ID! name: String }
    type C implements Node { id: ID! name: String! }
    type Query { node(id: ID!): Node }
  `)
  const text = defaultDocument({ kind: 'query', field: schema.getQueryType()!.getFields()['node']! }, schema)
  expect(validate(schema, parse(text))).toEqual([])
  expect(text.replaceAll(/\s+/g, ' ')).toBe(
    'query Node($id: ID!) { node(id: $id) { __typename id ... on A { name label } ... on C { name } } } ',
  )
})
