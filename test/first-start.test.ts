/** The first minute of someone with a fresh clone: what the first start prints, once, works as printed. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { createApp } from '../src/app.js'
import { readConfig } from '../src/config.js'
import { createOrganization } from '../src/organizations/create-organization.js'
import { emptyDatabase, isPostgres, type TestDatabase } from './support/database.js'
import { ask, freePort, keyhouse, keyhouseJson, serve, type Served } from './support/process.js'

const secret = /kh_sand_\w+|eyJ[\w.-]+/
const viewer = '{ viewer { kind permissions organization { name } } }'

/** As a shell reads it: words, and quotes around what has spaces. */
const wordsOf = (line: string): string[] => [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!)

/** Does what the printed line does. */
async function runCurl(line: string): Promise<any> {
  const [command, silent, url, ...options] = wordsOf(line)
  expect([command, silent]).toEqual(['curl', '-s'])
  const headers = options.flatMap((option, i) => (options[i - 1] === '-H' ? [option.split(': ', 2) as [string, string]] : []))
  const body = options[options.indexOf('-d') + 1]!
  return (await fetch(url!, { method: 'POST', headers, body })).json()
}

async function end(served: Served): Promise<void> {
  served.kill('SIGTERM')
  expect((await served.ended).code).toBe(0)
}

let database: TestDatabase
beforeAll(async () => {
  database = await emptyDatabase()
})
afterAll(() => database.drop())

if (isPostgres) {
  test('with PostgreSQL nothing is made and nothing shown', async () => {
    const served = await serve(database.env)
    await end(served)
    expect(served.said()).not.toMatch(secret)
    const { code, stderr } = await keyhouse(['api-key', 'create'], database.env)
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'There is no organization yet: make one with "keyhouse organization create".\n' })
  })
} else {
  describe('with SQLite', () => {
    test('the first start shows a key, a token and a line to paste; kill -9, and the second shows none', async () => {
      // The port is part of the issuer, so a token is good where it was issued.
      const env = { ...database.env, PORT: await freePort() }
      const first = await serve(env)
      const said = first.said()
      const [key, token] = [/Sandbox API key +(\S+)/.exec(said)![1]!, /LOGIN token +(\S+)/.exec(said)![1]!]
      const line = said.split('\n').find((one) => one.includes('curl '))!
      const mine = { organization: { name: 'My organization' }, permissions: ['*'] }
      expect((await runCurl(line)).data.viewer).toMatchObject({ ...mine, kind: 'API_KEY', environment: 'SANDBOX' })
      expect((await ask(first.url, token, viewer)).data.viewer).toEqual({ ...mine, kind: 'PERSONAL_TOKEN' })
      // Whatever stands outside the announcement is a line of JSON.
      const log = said.slice(said.lastIndexOf('\n\n')).trim().split('\n')
      expect(log.map((one) => JSON.parse(one).msg)).toEqual(['ready'])
      first.kill('SIGKILL')
      await first.ended

      const second = await serve(env)
      expect((await ask(second.url, key, viewer)).data.viewer).toEqual({ ...mine, kind: 'API_KEY' })
      expect((await ask(second.url, token, viewer)).data.viewer).toEqual({ ...mine, kind: 'PERSONAL_TOKEN' })
      await end(second)
      expect(second.said()).not.toMatch(secret)
      expect(second.said()).not.toContain('curl')
      for (const one of second.said().trim().split('\n')) expect(JSON.parse(one)).toMatchObject({ level: 'info' })
    })

    test('a first start that died before it could show anything leaves a way in', async () => {
      const other = await emptyDatabase()
      const app = await createApp(readConfig({ ...other.env, PORT: '0', LOG_LEVEL: 'silent' }))
      await createOrganization(app.services, { name: 'My organization', email: 'admin@localhost.localdomain', userName: 'Admin' })
      await app.close()

      const served = await serve(other.env)
      expect(served.said()).not.toMatch(secret)
      const env = { ...other.env, KEYHOUSE_URL: served.url.replace('127.0.0.1', 'localhost') }
      const made = await keyhouseJson(['api-key', 'create'], env)
      expect((await ask(served.url, made.secret, viewer)).data.viewer).toMatchObject({ kind: 'API_KEY', permissions: ['*'] })
      const { stdout } = await keyhouse(['sign-in', '--email', 'admin@localhost.localdomain'], env)
      const { token } = (await runCurl(stdout.split('\n').find((one) => one.includes('curl '))!)).data.signIn
      expect((await ask(served.url, token, viewer)).data.viewer).toMatchObject({ kind: 'PERSONAL_TOKEN', permissions: ['*'] })
      await end(served)
      await other.drop()
    })

    test('a first start that cannot listen makes nothing', async () => {
      const other = await emptyDatabase()
      const busy = await serve(database.env)
      const { code, stdout, stderr } = await keyhouse(['start'], { ...other.env, PORT: new URL(busy.url).port })
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toBe(`Port ${new URL(busy.url).port} is in use: choose another with PORT.\n`)
      await end(busy)
      expect(existsSync(join(other.env['KEYHOUSE_DATA_DIR']!, 'master.key'))).toBe(true)
      const served = await serve(other.env)
      expect(served.said()).toMatch(secret)
      await end(served)
      await other.drop()
    })
  })
}
