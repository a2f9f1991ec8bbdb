/** The server hands out the client that fits it: the built package, cached for ever under its version, and nothing else. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { version } from '../../src/lib/version.js'
import { startApp, type TestApp } from '../support/app.js'
import { packClient } from '../support/client-package.js'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const path = `/client/keyhouse-client-${version}.tgz`
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

test('/client.tgz leads to the client of this version, without a credential', async () => {
  const redirect = await fetch(`${app.url}/client.tgz`, { redirect: 'manual' })
  expect([redirect.status, redirect.headers.get('location'), redirect.headers.get('cache-control')]).toEqual([302, path, 'no-store'])
  const answer = await fetch(`${app.url}/client.tgz`)
  expect([answer.status, answer.url]).toEqual([200, `${app.url}${path}`])
  expect(answer.headers.get('content-type')).toBe('application/gzip')
  expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
})

test('its bytes are those that npm packs from the same sources', async () => {
  const answer = await fetch(`${app.url}${path}`)
  const { file, remove } = await packClient()
  expect(sha256(new Uint8Array(await answer.arrayBuffer()))).toBe(sha256(readFileSync(file)))
  remove()
})

test.each([
  '/client',
  '/client/',
  '/client/client.tgz',
  '/client/keyhouse-client-0.0.0.tgz',
  `/client/..%2fclient%2fkeyhouse-client-${version}.tgz`,
  '/client/..%2f..%2fpackage.json',
  `${path}/`,
])('%s is not found', async (other) => {
  expect((await fetch(`${app.url}${other}`)).status).toBe(404)
})

test('is not found where introspection is off', async () => {
  const closed = await startApp({ KEYHOUSE_INTROSPECTION: 'off' })
  for (const hidden of ['/client.tgz', path]) expect((await fetch(`${closed.url}${hidden}`)).status).toBe(404)
  await closed.close()
})
