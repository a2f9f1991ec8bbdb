// better-auth with its API-key and JWT plugins on better-sqlite3, set up as documented: key → JWT, and verification.
// Deviations from its defaults are in its favour, except `synchronous`: all contenders commit equally durably.
import { createServer } from 'node:http'

import { apiKey } from '@better-auth/api-key'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import { jwt } from 'better-auth/plugins'
import Database from 'better-sqlite3'

import { announce, answering, directory, readJson } from './common.js'

const database = new Database(`${directory}/better-auth.db`)
// The default rollback journal is equally durable and slower.
database.pragma('journal_mode = wal')
database.pragma('synchronous = full')

const options = {
  database,
  baseURL: 'http://127.0.0.1',
  secret: 'not-a-secret-for-the-benchmark-alone',
  emailAndPassword: { enabled: true },
  // Enabled per address in production; disabled here in its favour.
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  // The default allows ten requests a day. Keyhouse's own check stays enabled; its keys have no limits by default.
  plugins: [jwt({ jwks: { keyPairConfig: { alg: 'ES256' } } }), apiKey({ enableSessionForAPIKeys: true, rateLimit: { enabled: false } })],
}
await (await getMigrations(options)).runMigrations()
const auth = betterAuth(options)
const { user } = await auth.api.signUpEmail({ body: { email: 'bench@example.com', password: 'only-for-the-benchmark', name: 'Bench' } })
const { key } = await auth.api.createApiKey({ body: { userId: user.id, name: 'bench' } })

const verify = answering(async (request, response) => {
  const answer = JSON.stringify(await auth.api.verifyApiKey({ body: await readJson(request) }))
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) }).end(answer)
})
const exchange = answering(toNodeHandler(auth))
const server = createServer((request, response) => (request.url === '/verify' ? verify : exchange)(request, response))
announce(server, {
  exchange: { path: '/api/auth/token', headers: { 'x-api-key': key }, expect: '"token":"ey' },
  verify: { method: 'POST', path: '/verify', body: { key }, expect: '"valid":true' },
})
