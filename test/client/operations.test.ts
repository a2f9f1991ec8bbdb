/** Every operation of the schema is in the client: a document, a function, a hook, a typed document. */
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { parse, validate } from 'graphql'

import { requestErrorStatus } from '../../src/errors.js'
import { makeSchema } from '../../src/schema.js'
import { installClient, type ClientPackage } from '../support/client-package.js'

const schema = makeSchema()
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

test('nothing is in the client that the schema does not have', () => {
  const known = (names: string[]): string[] => names.toSorted()
  expect(known(Object.keys(functions))).toEqual(known([...operations, 'createClient', 'ApiError', 'KeyhouseError', 'UserErrorsError']))
  expect(known(Object.keys(hooks))).toEqual(
    known([...operations.map((name) => `use${pascal(name)}`), 'KeyhouseProvider', 'operationKey', 'useKeyhouse']),
  )
  expect(known(Object.keys(documents))).toEqual(known(operations.map((name) => `${pascal(name)}Document`)))
})

test('the codes that the client knows are those of the server', () => {
  const declared = readFileSync(`${client.directory}/dist/errors.d.ts`, 'utf8').match(/type ApiErrorCode = ([^;]*);/)?.[1]
  expect(declared?.match(/\w+/g)?.toSorted()).toEqual([...Object.keys(requestErrorStatus), 'NETWORK_ERROR', 'UNEXPECTED_ANSWER'].toSorted())
})
