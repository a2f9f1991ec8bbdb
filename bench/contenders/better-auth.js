// better-auth with its API-key and JWT plugins on better-sqlite3, as its documentation sets it up: key → JWT, and verify.
// What is not its default is in its favour, but for `synchronous`, where a commit is to be as durable for all.
import { createServer } from 'node:http'

import { apiKey } from '@better-auth/api-key'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import { jwt } from 'better-auth/plugins'
import Database from 'better-sqlite3'

import { announce, answering, directory, readJson } from './common.js'

const database = new Database(`${directory}/better-auth.db`)
// Its own default is a rollback journal, which is as durable and costs more.
database.pragma('journal_mode = wal')
database.pragma('synchronous = full')

const options = {
  database,
  baseURL: 'http://127.0.0.1',
  secret: 'not-a-secret-for-the-benchmark-alone',
  emailAndPassword: { enabled: true },
  // On in production, by address; off it costs nothing.
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  // The default allows ten requests a day. Keyhouse's check stays on: its keys have no limits by default.
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
