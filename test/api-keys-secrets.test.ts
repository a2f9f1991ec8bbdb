/** Secrets of keys and tokens: searched for in every response, log line, error, row and database file. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Client } from 'pg'

import { startApp, type TestApp } from './support/app.js'
import { isPostgres } from './support/database.js'
import type { Results } from './support/results.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp({ LOG_LEVEL: 'trace' })
  acme = await organization(app)
})
afterAll(() => app.close())

/** All that the database holds, as bytes: files and journals of SQLite, every column of PostgreSQL as text. */
async function everythingStored(): Promise<Buffer> {
  if (!isPostgres) {
    const names = readdirSync(app.config.dataDir).filter((name) => name.startsWith('keyhouse.db'))
    expect(names).toContain('keyhouse.db-wal')
    return Buffer.concat(names.map((name) => readFileSync(join(app.config.dataDir, name))))
  }
  const client = new Client({ connectionString: app.config.databaseUrl })
  await client.connect()
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      `select quote_ident(table_name) as name from information_schema.tables where table_schema = 'public'`,
    )
    const texts: string[] = []
    for (const { name } of tables) {
      const { rows } = await client.query<{ text: string }>(`select t::text as text from ${name} t`)
      texts.push(...rows.map(({ text }) => text))
    }
    return Buffer.from(texts.join('\n'))
  } finally {
    await client.end()
  }
}

/** What stands before the secret, to find the leak by; empty when it is not there. */
const around = (text: string, hidden: string): string => {
  const at = text.indexOf(hidden)
  return at < 0 ? '' : text.slice(Math.max(0, at - 150), at)
}

const masterKeyBytes = (): Buffer => {
  const text = app.config.masterKeys ?? readFileSync(join(app.config.dataDir, 'master.key'), 'utf8')
  return Buffer.from(text.trim().split(':')[1]!, 'base64')
}

test('secrets appear in no log line, error, audit row or database file', async () => {
  const said: string[] = []
  const say = async (
    credential: string | null,
    query: string,
    variables: object = {},
    headers: Record<string, string> = {},
  ): Promise<Results> => {
    const { text, data } = await app.run(credential, query, variables, headers)
    said.push(text)
    return data
  }
  // Issued through the door, so that each has passed through everything that could keep it.
  const made = await app.mutate(acme.sandboxKey, 'createApiKey', { label: 'canary', permissions: ['*'] }, 'secret apiKey { id }')
  const first: string = made.secret
  const { secret: key } = await app.mutate(acme.sandboxKey, 'rotateApiKey', { id: made.apiKey.id, overlapSeconds: 60 }, 'secret')
  const exchange = { audience: 'https://service.example', externalUserId: 'canary' }
  const { token } = await app.mutate(key, 'exchangeApiKey', exchange, 'token')
  const signIn = await acme.signInToken()
  const { token: personal } = await app.mutate(null, 'signIn', { signInToken: signIn }, 'token')
  const secrets = [first, key, token, personal, signIn, acme.sandboxKey, acme.adminToken]

  for (const secret of secrets) {
    await say(secret, '{ viewer { kind } apiKeys { nodes { id preview label createdBy { __typename } } } }')
    await say(`${secret}x`, '{ viewer { kind } }')
    await say(secret.slice(0, -1), '{ viewer { kind } }')
    await say(key, '{ viewer { kind } }', {}, { 'x-on-behalf-of': secret.slice(0, 200) })
    await say(key, `mutation { verifyApiKey(input: { secret: "${secret}" }) { verdict { code } } }`)
    await say(key, `{ node(id: "${secret}") { id } apiKey(id: "${secret}") { id } }`)
    await say(key, `{ ${secret} }`)
    await say(key, `{ viewer { kind(${secret}: 1) } }`)
    await say(key, `query ($a: Int) { viewer { kind } }`, { a: secret })
    for (const bad of [
      { secret: [secret] },
      { secret: { a: secret } },
      { secret, [secret]: 1 },
      { secret, environment: secret },
      { secret, permissions: secret },
      secret,
      [secret],
    ]) {
      await say(key, 'mutation ($input: VerifyApiKeyInput!) { verifyApiKey(input: $input) { verdict { code } } }', { input: bad })
    }
    await say(key, 'mutation ($input: VerifyApiKeyInput!) { verifyApiKey(input: $input) { verdict { code apiKey { preview } } } }', {
      input: { secret },
    })
    await say(null, 'mutation ($input: SignInInput!) { signIn(input: $input) { personalToken { id } userErrors { message } } }', {
      input: { signInToken: `${secret}x` },
    })
    const refused = { permissions: [secret], allowedAudiences: [secret], expiresAt: secret }
    await say(key, 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id } userErrors { message } } }', {
      input: refused,
    })
    await say(key, 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id } userErrors { message path } } }', {
      input: { permissions: [secret], allowedAudiences: [secret] },
    })
    await say(key, '{ apiKeys(after: "x", filter: { search: "y" }) { totalCount } }', { [secret]: 1 })
    await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}` },
      body: `{"query": "${secret}`,
    }).then(async (answer) => said.push(await answer.text()))
    await fetch(`${app.url}/graphql?query={viewer{kind}}&x=${secret}`, { headers: { authorization: `Bearer ${secret}` } }).then(
      async (answer) => said.push(await answer.text()),
    )
    await fetch(`${app.url}/nowhere?key=${secret}`).then(async (answer) => said.push(await answer.text()))
  }
  await app.services.writeBehind.flush()

  const stored = await everythingStored()
  expect(stored.includes('canary')).toBe(true)
  expect(app.log).toContain('"status":404')
  for (const secret of secrets) {
    // The part that is secret: what stands before may be repeated, as the scheme of a URL may.
    const hidden = secret.includes('.') ? secret.split('.')[2]! : secret.slice(-38)
    for (const [where, text] of [
      ['log', app.log],
      ['answers', said.join('\n')],
    ] as const)
      expect({ where, around: around(text, hidden) }).toEqual({ where, around: '' })
    expect({ where: 'database', at: stored.indexOf(hidden) }).toEqual({ where: 'database', at: -1 })
  }
  const master = masterKeyBytes()
  expect(master).toHaveLength(32)
  for (const form of [master, master.toString('base64'), master.toString('base64url'), master.toString('hex')]) {
    expect([stored.indexOf(form), app.log.indexOf(form.toString()), said.join('\n').indexOf(form.toString())]).toEqual([-1, -1, -1])
  }
})
