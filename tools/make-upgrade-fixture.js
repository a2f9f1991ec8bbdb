/**
 * Writes the fixtures of test/upgrade.test.ts: SQL that brings an empty database to the state that an earlier version of the
 * code left, for both databases. `node tools/make-upgrade-fixture.js FOLDER NAME`, with a built checkout of that version.
 * Values derived from a secret are replaced by placeholders: `{{table.column}}`.
 */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

import startPostgres from '../test/support/postgres.global.js'
import stopPostgres from '../test/support/postgres.teardown.js'

const [folder, name] = process.argv.slice(2)
if (!folder || !name) throw new Error('usage: node tools/make-upgrade-fixture.js FOLDER NAME')
const earlier = (path) => import(pathToFileURL(join(resolve(folder), 'dist', path)).href)
const { createApp } = await earlier('app.js')
const { readConfig } = await earlier('config.js')
const { migrate, openDatabase } = await earlier('database.js')
const { bootstrapOrganization } = await earlier('commands/organization-create.js')
const { rotateSigningKeys } = await earlier('tokens/rotate-signing-keys.js')
const { systemContext } = await earlier('context.js')
const { addSignInToken } = await earlier('personal-tokens/add-sign-in-token.js')

/** Columns whose values derive from a secret and are replaced by placeholders. */
const secretColumns = {
  api_key: ['digest', 'previous_digest', 'preview'],
  deployment_secret: ['sealed_value'],
  idempotency_key: ['input_mac'],
  invitation: ['digest'],
  master_key_proof: ['sealed_proof'],
  mcp_credential: ['sealed_value', 'authorization_preview'],
  personal_token: ['sealed_text'],
  sign_in_token: ['digest'],
  signing_key: ['public_jwk', 'sealed_private_key'],
}
const jsonColumns = ['public_jwk']

/** One hour before the test's initial time, which is noon. */
const start = Date.parse('2026-06-01T11:00:00.000Z')
const end = Date.parse('2026-06-01T12:00:00.000Z')
const issuer = 'http://keyhouse.test'

/** All issued secrets, to assert that the fixture holds none of them. */
const secrets = new Set()

/** Tells whether the schema of that version has the field. */
async function has(url, type, field) {
  const query = `{ found: __type(name: "${type}") { fields { name } inputFields { name } } }`
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  })
  const { fields, inputFields } = (await response.json()).data.found
  return (fields ?? inputFields).some((one) => one.name === field)
}

/** Creates a credential of the backend, one of an end user, and a revoked one. */
async function fillVault(ask, key) {
  const store = async (server, auth, headers) => {
    const made = await ask(key, 'createMcpServer', { ...server, serverUrl: 'https://mcp.example/mcp' }, 'server { id }', headers)
    return (await ask(key, 'createMcpCredential', { serverId: made.server.id, auth }, 'credential { id }', headers)).credential.id
  }
  const value = (text) => (secrets.add(text), text)
  await store({ name: 'Tools', serverLabel: 'tools' }, { bearerToken: value('not-a-real-bearer-token') })
  await store(
    { name: "Jane's", serverLabel: 'jane' },
    { headers: [{ name: 'X-Tool-Key', value: value('not-a-real-tool-key') }] },
    { 'x-on-behalf-of': 'jane' },
  )
  const wiped = await store({ name: 'Gone', serverLabel: 'gone' }, { authorization: value('not-a-real authorization') })
  await ask(key, 'revokeMcpCredential', { id: wiped }, 'credential { id }')
}

/** Populates the database with one valid and one invalid credential of each kind. */
async function populate(env) {
  let now = start
  const config = readConfig({ PORT: '0', KEYHOUSE_URL: issuer, LOG_LEVEL: 'silent', ...env })
  const app = await createApp(config, { clock: () => new Date(now) })
  const ask = async (credential, field, input, selection, headers = {}) => {
    const type = `${field[0].toUpperCase()}${field.slice(1)}Input`
    const query = `mutation ($input: ${type}!) { ${field}(input: $input) { ${selection} userErrors { code message } } }`
    const response = await fetch(`${app.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${credential}`, ...headers },
      body: JSON.stringify({ query, variables: { input } }),
    })
    const { data, errors } = await response.json()
    if (errors ?? data[field].userErrors.length > 0) throw new Error(`${field}: ${JSON.stringify(errors ?? data)}`)
    for (const one of ['secret', 'token', 'invitationToken']) if (data[field][one]) secrets.add(data[field][one])
    return data[field]
  }
  try {
    const acme = await bootstrapOrganization(app.services, { name: 'Acme', email: 'ada@example.com' })
    const { sandboxApiKey: key, adminToken: admin } = acme
    secrets.add(key).add(admin)
    const makeKey = async (input) => (await ask(admin, 'createApiKey', { permissions: ['*'], ...input }, 'apiKey { id } secret')).apiKey.id
    await makeKey({ label: 'Production', environment: 'PRODUCTION' })
    const once = (await has(app.url, 'CreateApiKeyInput', 'idempotencyKey')) ? { idempotencyKey: 'once' } : {}
    await ask(key, 'createApiKey', { label: 'Once', permissions: [], ...once }, 'apiKey { id } secret')
    const rotated = await makeKey({ label: 'Rotated' })
    await ask(admin, 'rotateApiKey', { id: rotated, overlapSeconds: 86_400 }, 'apiKey { id } secret')
    const revoked = await makeKey({ label: 'Revoked' })
    await ask(admin, 'revokeApiKey', { id: revoked }, 'apiKey { id }')

    const exchange = (externalUserId, audience) =>
      ask(key, 'exchangeApiKey', { audience, externalUserId, expiresIn: 86_400 }, 'token accessToken { id }')
    await exchange('jane', issuer)
    await exchange('jane', 'https://agents.example/api')
    const { accessToken } = await exchange('joe', 'https://agents.example/api')
    await ask(admin, 'revokeAccessToken', { id: accessToken.id }, 'accessToken { id }')
    // After the rotation, earlier tokens are signed by a retired key.
    now += 1_800_000
    await rotateSigningKeys(app.services)
    await exchange('jim', 'https://agents.example/api')

    if (await has(app.url, 'Mutation', 'createMcpServer')) await fillVault(ask, key)

    await ask(admin, 'inviteMember', { email: 'grace@example.com', role: 'MEMBER' }, 'invitation { id } invitationToken')
    const makeToken = (input) => ask(admin, 'createPersonalToken', input, 'personalToken { id } token')
    const gone = await makeToken({ type: 'FULL_ACCESS', description: 'Revoked' })
    await ask(admin, 'revokePersonalToken', { id: gone.personalToken.id }, 'personalToken { id }')
    // Within the token's reveal window of five minutes.
    now = end - 120_000
    await makeToken({ type: 'RESTRICTED', description: 'Restricted', permissions: ['api_key:read'] })
    const context = systemContext(app.services, acme.organizationId)
    const [member] = await context.em.getConnection().execute('select user_id as id from member')
    secrets.add(addSignInToken(context.em, context.actor, member.id, new Date(now)).secret.reveal())
    await context.em.flush()
  } finally {
    await app.close()
  }
}

/** Migrates an empty database; returns the executed statements. */
async function recordMigration(env) {
  const config = readConfig(env)
  const orm = await openDatabase(config)
  const statements = []
  const logger = orm.config.getLogger()
  logger.setDebugMode(['query'])
  logger.logQuery = ({ query }) => statements.push(query.trim().replace(/;?$/, ';'))
  await migrate(orm, config)
  await orm.close(true)
  return statements.filter((text) => /^(create|alter|update)/i.test(text))
}

const nameOf = (text) => `"${text}"`

/** One insert statement per row, sorted by key, so that a diff shows the changed rows. */
async function rowsOf(env, isPostgres) {
  const orm = await openDatabase(readConfig(env))
  const execute = (sql) => orm.em.getConnection().execute(sql)
  const lines = []
  const columns = isPostgres
    ? `select table_name as "table", column_name as "column" from information_schema.columns
       where table_schema = 'public' and column_default is distinct from 'nextval(''mikro_orm_migrations_id_seq''::regclass)' order by 1, ordinal_position`
    : `select t.name as "table", c.name as "column" from sqlite_master t, pragma_table_info(t.name) c where t.type = 'table' and t.name not like 'sqlite_%' order by 1, c.cid`
  const tables = Map.groupBy(await execute(columns), (one) => one.table)
  for (const [table, list] of tables) {
    const names = list.map((one) => one.column)
    const literal = (column) => {
      const value = nameOf(column)
      if (secretColumns[table]?.includes(column)) {
        const placeholder = `{{${table}.${column} `
        const [before, after] = jsonColumns.includes(column) ? [`'"${placeholder}`, `}}"'`] : [`'${placeholder}`, `}}'`]
        const quoted = `'${before.replaceAll("'", "''")}' || id || '${after.replaceAll("'", "''")}'`
        return `case when ${value} is null then 'null' else ${quoted} end`
      }
      return isPostgres ? `quote_nullable(${value}::text)` : `quote(${value})`
    }
    const sql = `select ${names.map((one) => `${literal(one)} as ${nameOf(one)}`).join(', ')} from ${nameOf(table)} order by ${nameOf(names[0])}`
    for (const row of await execute(sql)) {
      // PostgreSQL generates the ids of migrations, so those rows name their columns.
      const given = isPostgres && table === 'mikro_orm_migrations' ? ` (${names.map(nameOf).join(', ')})` : ''
      lines.push(`insert into ${nameOf(table)}${given} values (${names.map((one) => row[one]).join(', ')});`)
    }
  }
  await orm.close(true)
  return lines
}

const forms = [/kh_[a-z]+_[\w-]{30}/, /eyJ/, /PRIVATE KEY/, /\bv1\.[\w-]+\.[\w-]{16}\./]

/** @throws Error if the text holds a secret, its digest, or anything in the format of a secret */
function assertNoSecrets(text) {
  const digest = (secret) => createHash('sha256').update(secret).digest('hex')
  for (const secret of secrets)
    if (text.includes(secret) || text.includes(digest(secret))) throw new Error('a secret is left in the fixture')
  for (const form of forms) if (form.test(text)) throw new Error(`something of the form ${form} is left in the fixture`)
}

const data = mkdtempSync(join(tmpdir(), 'keyhouse-fixture-'))
await startPostgres()
try {
  const masterKeys = { KEYHOUSE_MASTER_KEYS: `k1:${Buffer.alloc(32).toString('base64')}` }
  const kinds = {
    sqlite: { env: { KEYHOUSE_DATA_DIR: data, ...masterKeys }, head: 'pragma foreign_keys = off;' },
    postgres: { env: { DATABASE_URL: process.env.TEST_POSTGRES_URL, ...masterKeys }, head: 'set session_replication_role = replica;' },
  }
  for (const [kind, { env, head }] of Object.entries(kinds)) {
    const statements = await recordMigration(env)
    await populate(env)
    const text = [head, ...statements, ...(await rowsOf(env, kind === 'postgres')), ''].join('\n')
    assertNoSecrets(text)
    writeFileSync(`test/fixtures/upgrade/${name}.${kind}.sql`, text)
    console.log(`test/fixtures/upgrade/${name}.${kind}.sql`)
  }
} finally {
  await stopPostgres()
  rmSync(data, { recursive: true, force: true })
}
