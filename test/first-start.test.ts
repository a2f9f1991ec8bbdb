/** The first minute of someone with a fresh clone: what the first start prints, once, works as printed. */
import { chmodSync, existsSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'

import { createApp } from '../src/app.js'
import { announceFirstStart } from '../src/commands/first-start.js'
import { readConfig } from '../src/config/config.js'
import { createOrganization } from '../src/organizations/create-organization.js'
import type { AnswerBody } from './support/app.js'
import { emptyDatabase, isPostgres, type TestDatabase } from './support/database.js'
import { freePort } from './support/local-server.js'
import { sendGraphql, runKeyhouse, runKeyhouseJson, startKeyhouse, type ServerProcess } from './support/process.js'

const secret = /kh_sand_\w+|kh_signin_\w+|eyJ[\w.-]+/
const viewer = '{ viewer { kind permissions organization { name } } }'

/** As a shell reads it: words, and quotes around what has spaces. */
const wordsOf = (line: string): string[] => [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!)

/** Does what the printed line does. */
async function runCurl(line: string): Promise<AnswerBody> {
  const [command, silent, url, ...options] = wordsOf(line)
  expect([command, silent]).toEqual(['curl', '-s'])
  const headers = options.flatMap((option, i) => (options[i - 1] === '-H' ? [option.split(': ', 2) as [string, string]] : []))
  const body = options[options.indexOf('-d') + 1]!
  return (await fetch(url!, { method: 'POST', headers, body })).json() as Promise<AnswerBody>
}

async function end(served: ServerProcess): Promise<void> {
  served.kill('SIGTERM')
  expect((await served.exited).code).toBe(0)
}

const fileOf = (env: Readonly<Record<string, string>>): string => join(env['KEYHOUSE_DATA_DIR']!, 'first-start.txt')

let database: TestDatabase
beforeAll(async () => {
  database = await emptyDatabase()
})
afterAll(() => database.drop())

if (isPostgres) {
  test('with PostgreSQL nothing is made and nothing shown', async () => {
    const served = await startKeyhouse(database.env)
    await end(served)
    expect(served.stdout()).not.toMatch(secret)
    const { code, stderr } = await runKeyhouse(['api-key', 'create'], database.env)
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'There is no organization yet: create one with "keyhouse organization create".\n' })
  })
} else {
  describe('with SQLite', () => {
    test('the first start keeps a key, a token and a line to paste in a file for its user alone; the second start shows nothing', async () => {
      // The port is part of the issuer, so a token is good where it was issued.
      const env = { ...database.env, PORT: await freePort() }
      const first = await startKeyhouse(env)
      const file = fileOf(env)
      expect(statSync(file).mode & 0o777).toBe(0o600)
      const said = readFileSync(file, 'utf8')
      const [key, token] = [/Sandbox API key +(\S+)/.exec(said)![1]!, /LOGIN token +(\S+)/.exec(said)![1]!]
      const line = said.split('\n').find((one) => one.includes('curl '))!
      // The link comes first, and opens a session at the console.
      const [, link, signInToken] = /^\nOpen the console {2}(http:\S+\/console)#sign-in=(kh_signin_\S+) {2}\(15 minutes, once\)\n/.exec(
        said,
      )!
      const session = await fetch(`${link}/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
        body: JSON.stringify({ signInToken }),
      })
      expect(session.status).toBe(200)
      const mine = { organization: { name: 'My organization' }, permissions: ['*'] }
      expect((await runCurl(line)).data.viewer).toMatchObject({ ...mine, kind: 'API_KEY', environment: 'SANDBOX' })
      expect((await sendGraphql(first.url, token, viewer)).data.viewer).toEqual({ ...mine, kind: 'PERSONAL_TOKEN' })
      const [, issuer] = /Issuer of sandbox tokens +(\S+)/.exec(said)!
      expect((await sendGraphql(first.url, key, '{ viewer { issuer } }')).data.viewer.issuer).toBe(issuer)
      expect(first.stdout()).not.toMatch(secret)
      const log = first
        .stdout()
        .trim()
        .split('\n')
        .map((one) => JSON.parse(one))
      expect(log.slice(0, 2)).toMatchObject([{ msg: expect.stringContaining('first API key and LOGIN token'), file }, { msg: 'ready' }])
      first.kill('SIGKILL')
      await first.exited

      const second = await startKeyhouse(env)
      expect((await sendGraphql(second.url, key, viewer)).data.viewer).toEqual({ ...mine, kind: 'API_KEY' })
      expect((await sendGraphql(second.url, token, viewer)).data.viewer).toEqual({ ...mine, kind: 'PERSONAL_TOKEN' })
      await end(second)
      expect(second.stdout()).not.toMatch(secret)
      expect(second.stdout()).not.toContain('curl')
      for (const one of second.stdout().trim().split('\n')) expect(JSON.parse(one)).toMatchObject({ level: 'info' })
    })

    test('a first start that died before it could show anything leaves a way in', async () => {
      const other = await emptyDatabase()
      const app = await createApp(readConfig({ ...other.env, PORT: '0', LOG_LEVEL: 'silent' }))
      await createOrganization(app.services, { name: 'My organization', email: 'admin@localhost.localdomain', userName: 'Admin' })
      await app.close()

      const served = await startKeyhouse(other.env)
      expect(served.stdout()).not.toMatch(secret)
      const env = { ...other.env, KEYHOUSE_URL: served.url.replace('127.0.0.1', 'localhost') }
      const made = await runKeyhouseJson(['api-key', 'create'], env)
      expect((await sendGraphql(served.url, made.secret, viewer)).data.viewer).toMatchObject({ kind: 'API_KEY', permissions: ['*'] })
      const { stdout } = await runKeyhouse(['sign-in', '--email', 'admin@localhost.localdomain'], env)
      const { token } = (await runCurl(stdout.split('\n').find((one) => one.includes('curl '))!)).data.signIn
      expect((await sendGraphql(served.url, token, viewer)).data.viewer).toMatchObject({ kind: 'PERSONAL_TOKEN', permissions: ['*'] })
      await end(served)
      await other.drop()
    })

    test('a first start that cannot listen makes nothing', async () => {
      const other = await emptyDatabase()
      const busy = await startKeyhouse(database.env)
      const { code, stdout, stderr } = await runKeyhouse(['start'], { ...other.env, PORT: new URL(busy.url).port })
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toBe(`Port ${new URL(busy.url).port} is in use. Set PORT to another port.\n`)
      await end(busy)
      expect(existsSync(join(other.env['KEYHOUSE_DATA_DIR']!, 'master.key'))).toBe(true)
      const served = await startKeyhouse(other.env)
      expect(readFileSync(fileOf(other.env), 'utf8')).toMatch(secret)
      await end(served)
      await other.drop()
    })

    describe('the file', () => {
      const started = async (
        then: Date,
        other: TestDatabase,
        stdout: { isTTY: boolean; write: (text: string) => boolean },
      ): Promise<void> => {
        const app = await createApp(readConfig({ ...other.env, PORT: '0', LOG_LEVEL: 'silent' }), { clock: () => then })
        await announceFirstStart(app, stdout)
        await app.close()
      }
      const container = { isTTY: false, write: () => true }

      test('is deleted by the first start at which its LOGIN token has expired, and by none before', async () => {
        const other = await emptyDatabase()
        const file = fileOf(other.env)
        await started(new Date(), other, container)
        const writtenAt = new Date('2026-06-01T12:00:00.000Z')
        utimesSync(file, writtenAt, writtenAt)
        await started(new Date('2026-06-01T23:59:59.999Z'), other, container)
        expect(existsSync(file)).toBe(true)
        await started(new Date('2026-06-02T00:00:00.000Z'), other, container)
        expect(existsSync(file)).toBe(false)
        await other.drop()
      })

      test('replaces one that is there, whatever its mode', async () => {
        const other = await emptyDatabase()
        const file = fileOf(other.env)
        writeFileSync(file, 'left behind')
        chmodSync(file, 0o644)
        await started(new Date(), other, container)
        expect(statSync(file).mode & 0o777).toBe(0o600)
        expect(readFileSync(file, 'utf8')).toMatch(secret)
        await other.drop()
      })

      test('is not written on a terminal, where everything is printed', async () => {
        const other = await emptyDatabase()
        const write = jest.fn((_text: string) => true)
        await started(new Date(), other, { isTTY: true, write })
        expect(write).toHaveBeenCalledTimes(1)
        expect(write).toHaveBeenCalledWith(expect.stringMatching(secret))
        expect(existsSync(fileOf(other.env))).toBe(false)
        await other.drop()
      })
    })

    test('a server that other machines reach needs its URL, before anything is created', async () => {
      const other = await emptyDatabase()
      const { code, stdout, stderr } = await runKeyhouse(['start'], { ...other.env, HOST: '0.0.0.0', PORT: await freePort() })
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toContain('KEYHOUSE_URL: is required when HOST (0.0.0.0) is not a loopback address')
      expect(existsSync(join(other.env['KEYHOUSE_DATA_DIR']!, 'keyhouse.db'))).toBe(false)
      const served = await startKeyhouse({ ...other.env, HOST: '0.0.0.0', KEYHOUSE_URL: 'http://keys.example.com' })
      await end(served)
      await other.drop()
    })

    test('the path of a .env file that is read is logged, and what in it is no setting', async () => {
      const other = await emptyDatabase()
      const served = await startKeyhouse(other.env, { dotEnv: 'KEYHOUSE_DRAIN_SECONDS=0\nKEYHOUSE_COLOUR=blue\n' })
      await end(served)
      expect(served.stdout()).toContain('"variables":["KEYHOUSE_COLOUR"],"msg":"these variables are not settings and have no effect"')
      expect(served.stdout()).not.toContain('blue')
      expect(served.stdout()).toMatch(/"file":"[^"]+keyhouse-cwd-[^"]+\.env","msg":"environment file loaded"/)
      await other.drop()
    })
  })
}
