/** The console's pages: where they are served, with which policy, and what a server without a console answers. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { brotliCompressSync } from 'node:zlib'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { fastify, type FastifyInstance } from 'fastify'

import { registerConsole } from '../../src/routes/console.js'
import { startApp, type TestApp } from '../support/app.js'
import { consoleEnv, postSession } from '../support/console.js'

const html = { accept: 'text/html,application/xhtml+xml' }

function buildBundle(): URL {
  const folder = mkdtempSync(join(tmpdir(), 'keyhouse-console-'))
  const write = (name: string, content: string | Buffer): void => writeFileSync(join(folder, name), content)
  write('index.html', '<!doctype html><title>Console</title>')
  write('main-AAAAAAAA.js', 'console.log(1)')
  write('main-AAAAAAAA.js.br', brotliCompressSync('console.log(1)'))
  write('main-AAAAAAAA.js.LEGAL.txt', 'MIT')
  return pathToFileURL(`${folder}/`)
}

describe('with a bundle', () => {
  let app: TestApp
  let server: FastifyInstance
  beforeAll(async () => {
    app = await startApp(consoleEnv)
    server = fastify()
    registerConsole(server, app.services, buildBundle())
  })
  afterAll(async () => {
    await server.close()
    await app.close()
  })

  test.each(['/', '/console'])('a browser at %s is led to /console/', async (url) => {
    const { statusCode, headers } = await server.inject({ url, headers: html })
    expect({ statusCode, location: headers.location }).toEqual({ statusCode: 302, location: '/console/' })
  })

  test.each([
    '/console/',
    '/console/keys',
    '/console/end-users/jane%40example.com',
    '/console/no-such-screen',
    `/console/end-users/${'x'.repeat(450)}`,
  ])('%s is the page, stored nowhere and confined to this origin', async (url) => {
    const { statusCode, headers, body } = await server.inject({ url, headers: html })
    expect({ statusCode, body }).toEqual({ statusCode: 200, body: '<!doctype html><title>Console</title>' })
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': `default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; require-trusted-types-for 'script'; trusted-types 'none'`,
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
    })
  })

  test('a file of the bundle is immutable, and compressed for whoever reads brotli', async () => {
    const url = '/console/main-AAAAAAAA.js'
    const compressed = await server.inject({ url, headers: { 'accept-encoding': 'gzip, br' } })
    expect(compressed.headers).toMatchObject({
      'content-encoding': 'br',
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'accept-encoding',
    })
    expect(compressed.rawPayload).toEqual(brotliCompressSync('console.log(1)'))
    for (const encoding of ['gzip', 'br;q=0', 'identity']) {
      const plain = await server.inject({ url, headers: { 'accept-encoding': encoding } })
      expect(plain.body).toBe('console.log(1)')
      expect(plain.headers['content-encoding']).toBeUndefined()
    }
  })

  test.each([
    '/console/main-BBBBBBBB.js',
    '/console/main-AAAAAAAA.js.br',
    '/console/main-AAAAAAAA.js.LEGAL.txt',
    '/console/..%2f..%2fpackage.json',
    '/console/keys',
    '/elsewhere',
  ])('%s is a 404 for what is no navigation', async (url) => {
    expect((await server.inject({ url, headers: { accept: '*/*' } })).statusCode).toBe(404)
  })
})

describe('a program at the root', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await startApp(consoleEnv)
  })
  afterAll(() => app.close())

  test.each(['application/json', '*/*', ''])('with Accept: %s gets the JSON 404', async (accept) => {
    const response = await fetch(app.url, { headers: { accept }, redirect: 'manual' })
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] })
  })

  test('a browser on another unknown path gets it too', async () => {
    expect((await fetch(`${app.url}/elsewhere`, { headers: html, redirect: 'manual' })).status).toBe(404)
  })
})

test.each([
  ['off', { ...consoleEnv, KEYHOUSE_CONSOLE: 'off' }],
  ['unset, with plain http beyond loopback', { KEYHOUSE_URL: 'http://keyhouse.test' }],
])('KEYHOUSE_CONSOLE %s: every path of it is unknown', async (_, env) => {
  const app = await startApp(env)
  for (const path of ['/', '/console', '/console/', '/console/session', '/console/main.js']) {
    expect((await fetch(`${app.url}${path}`, { headers: html, redirect: 'manual' })).status).toBe(404)
  }
  expect((await postSession(app, { signInToken: 'kh_signin_x' })).status).toBe(404)
  await app.close()
})

test('KEYHOUSE_CONSOLE on, with plain http beyond loopback: the page says that it needs https, and no session opens', async () => {
  const app = await startApp({ KEYHOUSE_URL: 'http://keyhouse.test', KEYHOUSE_CONSOLE: 'on' })
  const page = await fetch(`${app.url}/console/`, { headers: html })
  expect(page.status).toBe(403)
  expect(await page.text()).toContain('The console needs https')
  expect((await postSession(app, { signInToken: 'kh_signin_x' })).status).toBe(404)
  await app.close()
})
