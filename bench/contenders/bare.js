// Lower bound of the cost: node:http and hand-written SQL on Keyhouse's tables. It does JSON, SHA-256, a prepared look-up,
// the same rows (end user, token, chained audit event) in a group commit, ordered ids and an ES256 signature. It has no
// GraphQL, no validation, no second check of the key under the lock, no log and no metrics.
import { generateKeyPairSync, hash, sign } from 'node:crypto'
import { createServer } from 'node:http'

import Database from 'better-sqlite3'

import { announce, answering, directory, readJson } from './common.js'

const { newId } = await import('../../dist/lib/id.js')
const { createApp } = await import('../../dist/app.js')
const { readConfig } = await import('../../dist/config/config.js')
const { bootstrapOrganization } = await import('../../dist/commands/organization-create.js')

// Keyhouse creates the tables and is then closed.
const app = await createApp(readConfig({ PORT: '0', KEYHOUSE_DATA_DIR: directory, LOG_LEVEL: 'silent' }))
const { sandboxApiKey } = await bootstrapOrganization(app.services, { name: 'Bench', email: 'bench@example.com' })
await app.close()

const db = new Database(`${directory}/keyhouse.db`)
for (const pragma of ['journal_mode = wal', 'synchronous = full', 'foreign_keys = on', 'secure_delete = on', 'recursive_triggers = on'])
  db.pragma(pragma)
const find = db.prepare(
  'select id, organization_id, project_id, environment, permissions, revoked_at, expires_at from api_key where digest = ?',
)
const addUser = db.prepare(
  'insert into end_user (id, organization_id, project_id, environment, external_id, first_seen_at, last_seen_at) values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing',
)
const addToken = insert('access_token', [
  'id',
  'organization_id',
  'project_id',
  'environment',
  'api_key_id',
  'end_user_id',
  'audience',
  'permissions',
  'signing_key_id',
  'has_tenant_issuer',
  'issued_at',
  'expires_at',
  'revoked_at',
])
const addEvent = insert('audit_event', [
  'id',
  'organization_id',
  'seq',
  'project_id',
  'environment',
  'action',
  'outcome',
  'actor_id',
  'end_user_id',
  'subject_id',
  'details',
  'request_id',
  'ip_address',
  'at',
  'previous_hash',
  'hash',
])
const setHead = db.prepare('update audit_head set seq = ?, hash = ? where organization_id = ?')
const heads = new Map(
  db
    .prepare('select organization_id, seq, hash from audit_head')
    .all()
    .map((head) => [head.organization_id, head]),
)
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const signingKey = { key: privateKey, dsaEncoding: 'ieee-p1363' }
const header = Buffer.from(JSON.stringify({ alg: 'ES256', kid: 'bench', typ: 'at+jwt' })).toString('base64url')

function insert(table, columns) {
  return db.prepare(`insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`)
}

let pending = []
function commit(entry) {
  return new Promise((resolve) => {
    if (pending.push([entry, resolve]) === 1) setImmediate(flush)
  })
}

function flush() {
  const group = pending
  pending = []
  db.exec('begin immediate')
  for (const [{ user, token, event }] of group) {
    addUser.run(user)
    addToken.run(token)
    const head = heads.get(token[1])
    const seq = head.seq + 1
    const digest = hash('sha256', JSON.stringify([...event, seq, head.hash]), 'hex')
    const [id, organizationId, ...rest] = event
    addEvent.run([id, organizationId, seq, ...rest, head.hash, digest])
    heads.set(organizationId, { seq, hash: digest })
    setHead.run(seq, digest, organizationId)
  }
  db.exec('commit')
  for (const [, resolve] of group) resolve()
}

async function exchange(key, { audience, externalUserId, permissions }) {
  const now = new Date()
  const ms = now.getTime()
  const iat = Math.floor(ms / 1000)
  const exp = iat + 3600
  const id = newId('at', now)
  const userId = `eu_${hash('sha256', [key.organization_id, key.project_id, key.environment, externalUserId].join(':'), 'hex').slice(0, 32)}`
  const claims = {
    iss: 'http://localhost',
    aud: audience,
    sub: externalUserId,
    client_id: key.id,
    iat,
    exp,
    jti: id,
    permissions,
    scope: permissions.join(' '),
    org: key.organization_id,
    project: key.project_id,
    env: key.environment,
  }
  const input = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
  const token = `${input}.${sign('sha256', Buffer.from(input), signingKey).toString('base64url')}`
  await commit({
    user: [userId, key.organization_id, key.project_id, key.environment, externalUserId, ms, ms],
    token: [
      id,
      key.organization_id,
      key.project_id,
      key.environment,
      key.id,
      userId,
      audience,
      JSON.stringify(permissions),
      'bench',
      1,
      iat * 1000,
      exp * 1000,
      null,
    ],
    event: [
      newId('evt', now),
      key.organization_id,
      key.project_id,
      key.environment,
      'api_key:exchange',
      'ALLOWED',
      key.id,
      null,
      id,
      '{}',
      newId('req', now),
      '127.0.0.1',
      ms,
    ],
  })
  return { token }
}

const viewer = (key) => ({
  kind: 'API_KEY',
  environment: key.environment,
  permissions: JSON.parse(key.permissions),
  expiresAt: key.expires_at,
})

const server = createServer(
  answering(async (request, response) => {
    const body = await readJson(request)
    const key = find.get(hash('sha256', request.headers.authorization.slice(7), 'hex'))
    const isValid = key && !key.revoked_at && !(key.expires_at && key.expires_at <= Date.now())
    const answer = JSON.stringify(
      !isValid ? { error: 'unauthenticated' } : request.url === '/exchange' ? await exchange(key, body) : viewer(key),
    )
    response.writeHead(isValid ? 200 : 401, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) }).end(answer)
  }),
)

const headers = { authorization: `Bearer ${sandboxApiKey}` }
announce(server, {
  exchange: {
    method: 'POST',
    path: '/exchange',
    headers,
    body: { audience: 'https://agents.example.com', externalUserId: 'alice', permissions: ['agent:read'] },
    expect: '"token":"ey',
  },
  viewer: { method: 'POST', path: '/viewer', headers, body: {}, expect: '"kind":"API_KEY"' },
})
