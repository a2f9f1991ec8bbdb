/**
 * Restores a database as an earlier version of the code left it. The fixture holds no value derived from a secret. Keys,
 * tokens and sealed values are generated here in the formats of that version and replace the fixture's placeholders.
 */
import { createHmac, createPublicKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { generateApiKey, maskApiKey } from '../../src/lib/api-key-format.js'
import { sha256 } from '../../src/lib/crypto/digest.js'
import { signJwt } from '../../src/lib/crypto/jwt.js'
import { parseMasterKeys, seal } from '../../src/lib/crypto/seal.js'
import { generateToken } from '../../src/lib/token-format.js'
import { emptyDatabase, isPostgres } from './database.js'
import { openSqlConnection, type Row, type SqlConnection } from './sql-connection.js'

export const issuer = 'http://keyhouse.test'

const tablesOf = isPostgres
  ? `select tablename as name from pg_tables where schemaname = 'public'`
  : `select name from sqlite_master where type = 'table'`

const json = (value: unknown): string[] => (typeof value === 'string' ? JSON.parse(value) : value) as string[]
const epoch = (value: Date | number): number => Math.floor(new Date(value).getTime() / 1000)

export interface EarlierDatabase {
  readonly env: Record<string, string>
  readonly organizationId: string
  /** By the key's label; `replaced` is the secret before its rotation. */
  readonly keys: Readonly<Record<string, { readonly id: string; readonly text: string; readonly replaced: string | undefined }>>
  readonly accessTokens: readonly { readonly row: Row; readonly text: string; readonly externalId: string }[]
  /** By type; the revoked one by its description. */
  readonly personalTokens: Readonly<Record<string, { readonly id: string; readonly text: string }>>
  readonly invitation: string
  readonly signIn: string
  /** Credential headers that the gateway must send, by server label. */
  readonly headers: Readonly<Record<string, { readonly serverId: string; readonly sent: Record<string, string> }>>
  drop(): Promise<void>
}

/** Restores the fixture `name`, with the URLs of its MCP servers changed to `origin`. */
export async function earlierDatabase(name: string, origin: string): Promise<EarlierDatabase> {
  const database = await emptyDatabase()
  const file = new URL(`../fixtures/upgrade/${name}.${isPostgres ? 'postgres' : 'sqlite'}.sql`, import.meta.url)
  const master = `k1:${randomBytes(32).toString('base64')}`
  const env: Record<string, string> = { ...database.env, KEYHOUSE_URL: issuer, KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1' }
  if (isPostgres) Object.assign(env, { KEYHOUSE_MASTER_KEYS: master })
  else writeFileSync(join(env['KEYHOUSE_DATA_DIR']!, 'master.key'), `${master}\n`, { mode: 0o600 })
  const raw = await openSqlConnection(env)
  try {
    await raw.script(readFileSync(file, 'utf8'))
    return { env, ...(await fillPlaceholders(raw, master, origin)), drop: () => database.drop() }
  } finally {
    await raw.close()
  }
}

async function fillPlaceholders(raw: SqlConnection, master: string, origin: string): Promise<Omit<EarlierDatabase, 'env' | 'drop'>> {
  const masterKeys = parseMasterKeys(master)
  const set = (table: string, id: string, column: string, value: string): Promise<void> =>
    raw.run(`update ${table} set ${column} = ? where id = ?`, [value, id])
  const tables = new Set((await raw.rows(tablesOf)).map((one) => one.name))
  const all = async (table: string): Promise<Row[]> => (tables.has(table) ? raw.rows(`select * from ${table} order by id`) : [])

  for (const { id } of await all('master_key_proof')) {
    await set('master_key_proof', id, 'sealed_proof', seal(masterKeys, ['master_key', id], 'keyhouse'))
  }

  const signers = new Map<string, KeyObject>()
  for (const { id, algorithm } of await all('signing_key')) {
    const { privateKey } = generateKeyPairSync('ed25519')
    const jwk = { ...createPublicKey(privateKey).export({ format: 'jwk' }), kid: id, alg: algorithm, use: 'sig' }
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
    await set('signing_key', id, 'public_jwk', JSON.stringify(jwk))
    await set('signing_key', id, 'sealed_private_key', seal(masterKeys, ['signing_key', id], pem))
    signers.set(id, privateKey)
  }
  const sign = (kid: string, typ: string, claims: object): string =>
    signJwt({ kid, algorithm: 'EdDSA', privateKey: signers.get(kid)! }, typ, claims)

  const keys: Record<string, EarlierDatabase['keys'][string]> = {}
  for (const { id, label, environment, previous_digest: previous } of await all('api_key')) {
    const [text, replaced] = [generateApiKey('kh', environment), generateApiKey('kh', environment)]
    await set('api_key', id, 'digest', sha256(text))
    await set('api_key', id, 'preview', maskApiKey(text))
    if (previous !== null) await set('api_key', id, 'previous_digest', sha256(replaced))
    keys[label] = { id, text, replaced: previous === null ? undefined : replaced }
  }

  const endUsers = new Map((await all('end_user')).map(({ id, external_id }) => [id, external_id]))
  const accessTokens = (await all('access_token')).map((row) => {
    const permissions = json(row.permissions)
    const externalId = endUsers.get(row.end_user_id)!
    const claims = {
      iss: issuer,
      aud: row.audience,
      sub: externalId,
      client_id: row.api_key_id,
      iat: epoch(row.issued_at),
      exp: epoch(row.expires_at),
      jti: row.id,
      permissions,
      ...(permissions.length > 0 ? { scope: permissions.join(' ') } : {}),
      org: row.organization_id,
      project: row.project_id,
      env: row.environment,
    }
    return { row, externalId, text: sign(row.signing_key_id, 'at+jwt', claims) }
  })

  const personalTokens: Record<string, { id: string; text: string }> = {}
  for (const row of await all('personal_token')) {
    const [id, org, sub] = [row.id, row.organization_id, row.user_id]
    const times = { iat: epoch(row.issued_at), exp: epoch(row.expires_at) }
    const text = sign(row.signing_key_id, 'kh-personal+jwt', {
      iss: issuer,
      aud: issuer,
      sub,
      org,
      jti: id,
      type: row.type,
      ...times,
    })
    if (row.sealed_text !== null) await set('personal_token', id, 'sealed_text', seal(masterKeys, ['personal_token', org, sub, id], text))
    personalTokens[row.revoked_at === null ? row.type : row.description] = { id, text }
  }

  const headers: Record<string, EarlierDatabase['headers'][string]> = {}
  const servers = new Map((await all('mcp_server')).map(({ id, server_label }) => [id, server_label]))
  for (const row of await all('mcp_credential')) {
    const [id, serverId] = [row.id, row.server_id]
    const value = randomBytes(20).toString('hex')
    const sent = row.auth_type === 'HEADERS' ? { [json(row.header_names)[0]!]: value } : { authorization: `Bearer ${value}` }
    const aad = [row.organization_id, row.project_id, row.environment, row.end_user_id, serverId, origin, id]
    await set('mcp_server', serverId, 'server_url', `${origin}/mcp`)
    await set('mcp_credential', id, 'origin', origin)
    if (row.authorization_preview !== null) await set('mcp_credential', id, 'authorization_preview', `****...${value.slice(-4)}`)
    if (row.sealed_value === null) continue
    await set('mcp_credential', id, 'sealed_value', seal(masterKeys, ['mcp_credential', ...aad], JSON.stringify(sent)))
    headers[servers.get(serverId)!] = { serverId, sent }
  }

  // Fingerprint of an idempotent input: an HMAC of its fields in sorted order.
  const hmacKey = randomBytes(32)
  for (const { id } of await all('deployment_secret')) {
    await set('deployment_secret', id, 'sealed_value', seal(masterKeys, ['deployment_secret', id], hmacKey.toString('base64url')))
  }
  const input = '{"idempotencyKey":"once","label":"Once","permissions":[]}'
  for (const { id } of await all('idempotency_key')) {
    await set('idempotency_key', id, 'input_mac', createHmac('sha256', hmacKey).update(input).digest('hex'))
  }

  const [invitation, signIn] = [generateToken('invite'), generateToken('signin')]
  for (const { id } of await all('invitation')) await set('invitation', id, 'digest', sha256(invitation))
  for (const { id } of await all('sign_in_token')) await set('sign_in_token', id, 'digest', sha256(signIn))
  const [organization] = await all('organization')
  return { organizationId: organization!.id, keys, accessTokens, personalTokens, invitation, signIn, headers }
}

/** Placeholders of the fixture that {@link earlierDatabase} did not fill; empty if there are none. */
export async function unfilledPlaceholders(raw: SqlConnection): Promise<string[]> {
  const found: string[] = []
  for (const { name } of await raw.rows(tablesOf)) {
    const rows = await raw.rows(`select * from "${name}"`)
    found.push(...(JSON.stringify(rows).match(/\{\{[\w.]+/g) ?? []))
  }
  return found
}
