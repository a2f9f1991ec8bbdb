/** Every operation of the schema is in the client: a document, a function, a hook, a typed document. */
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isRequiredArgument,
  isRequiredInputField,
  parse,
  validate,
  type GraphQLInputType,
} from 'graphql'

import { requestErrorDescriptions } from '../../src/lib/error-codes.js'
import { buildSchema } from '../../src/schema.js'
import { startApp } from '../support/app.js'
import { installClient, type ClientPackage } from '../support/client-package.js'
import { organization } from '../support/seed.js'

const schema = buildSchema()
const operations = [schema.getQueryType()!, schema.getMutationType()!].flatMap((type) => Object.keys(type.getFields()))
const pascal = (name: string): string => `${name.charAt(0).toUpperCase()}${name.slice(1)}`
const fileOf = (name: string): string =>
  resolve(import.meta.dirname, `../../client/operations/${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.graphql`)

let client: ClientPackage
let functions: Record<string, unknown>
let hooks: Record<string, unknown>
let documents: Record<string, unknown>
beforeAll(async () => {
  client = await installClient()
  client.beside('react', '@tanstack/react-query')
  functions = await client.load('@keyhouse/client')
  hooks = await client.load('@keyhouse/client/react')
  documents = await client.load('@keyhouse/client/documents')
})
afterAll(() => client.remove())

// When this fails, an operation was added: run "npm run client", look at the document that it wrote, and commit it.
test.each(operations)('%s', (name) => {
  expect(existsSync(fileOf(name))).toBe(true)
  expect(validate(schema, parse(readFileSync(fileOf(name), 'utf8')))).toEqual([])
  expect(typeof functions[name]).toBe('function')
  expect(typeof hooks[`use${pascal(name)}`]).toBe('function')
  expect(validate(schema, documents[`${pascal(name)}Document`] as never)).toEqual([])
})

/** Something that fits a type: of an input no more than it requires. */
function anyOf(type: GraphQLInputType): unknown {
  const bare = getNullableType(type)
  if (isListType(bare)) return [anyOf(bare.ofType)]
  if (isEnumType(bare)) return bare.getValues()[0]!.name
  if (isInputObjectType(bare)) {
    const required = Object.values(bare.getFields()).filter((field) => isRequiredInputField(field))
    return Object.fromEntries(required.map((field) => [field.name, anyOf(field.type)]))
  }
  return bare.name === 'DateTime' ? '2026-06-01T12:00:00.000Z' : 'x'
}

test('every query is answered, a page of a hundred too: none asks for more than the server allows', async () => {
  const app = await startApp()
  try {
    const acme = await organization(app)
    const admin = (functions['createClient'] as (options: object) => unknown)({ url: app.url, credential: acme.adminToken })
    for (const field of Object.values(schema.getQueryType()!.getFields())) {
      const required = field.args.filter((arg) => isRequiredArgument(arg)).map((arg) => [arg.name, anyOf(arg.type)])
      const page = field.args.some(({ name }) => name === 'first') ? { first: 100, withTotalCount: true } : {}
      const variables = field.args.length > 0 ? [{ ...Object.fromEntries(required), ...page }] : []
      const call = functions[field.name] as (...args: unknown[]) => Promise<unknown>
      const code = await call(admin, ...variables).then(
        () => 'answered',
        (error: { code?: string }) => error.code,
      )
      // An interval from a moment to itself, say, is no good; what costs too much or does not fit reads otherwise.
      expect([field.name, code]).toEqual([field.name, expect.stringMatching(/^(answered|BAD_USER_INPUT)$/)])
    }
  } finally {
    await app.close()
  }
})

test('nothing is in the client that the schema does not have', () => {
  const known = (names: string[]): string[] => names.toSorted()
  expect(known(Object.keys(functions))).toEqual(known([...operations, 'createClient', 'ApiError', 'KeyhouseError', 'UserErrorsError']))
  const queries = Object.values(schema.getQueryType()!.getFields())
  const variants = [
    ...operations.map((name) => `use${pascal(name)}`),
    ...queries.map(({ name }) => `useSuspense${pascal(name)}`),
    ...queries.filter(({ type }) => /Connection!?$/.test(String(type))).map(({ name }) => `useInfinite${pascal(name)}`),
  ]
  expect(known(Object.keys(hooks))).toEqual(known([...variants, 'KeyhouseProvider', 'operationKey', 'useKeyhouse']))
  expect(known(Object.keys(documents))).toEqual(known(operations.map((name) => `${pascal(name)}Document`)))
})

test('the codes that the client knows are those of the server', () => {
  const declared = readFileSync(`${client.directory}/dist/errors.d.ts`, 'utf8').match(/type ApiErrorCode = ([^;]*);/)?.[1]
  expect(declared?.match(/\w+/g)?.toSorted()).toEqual(
    [...Object.keys(requestErrorDescriptions), 'NETWORK_ERROR', 'UNEXPECTED_ANSWER'].toSorted(),
  )
})
