/** TLS to PostgreSQL: a private authority, and each fault in one line. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Client } from 'pg'

import { certificate } from './support/certificate.js'
import { isPostgres, testMasterKeys } from './support/database.js'
import { startServer, type PostgresServer } from './support/postgres.server.js'
import { runKeyhouse, startKeyhouse, type ExitedProcess } from './support/process.js'

/** SQLite is a file: there is no connection to it. */
const onPostgres = isPostgres ? test : (name: string): void => test(`${name} (no connection)`, () => undefined)

const root = certificate('keyhouse test root')
const valid = certificate('valid', { issuer: root, host: 'localhost' })
let server: PostgresServer
let folder: string
const inFolder = (name: string): string => join(folder, name)

beforeAll(async () => {
  if (!isPostgres) return
  folder = mkdtempSync(join(tmpdir(), 'keyhouse-tls-'))
  writeFileSync(inFolder('root.pem'), root.cert)
  writeFileSync(inFolder('other.pem'), certificate('another root').cert)
  server = await startServer({}, valid)
})
afterAll(async () => {
  if (!isPostgres) return
  await server.stop()
  rmSync(folder, { recursive: true })
})

const envOf = (query: string, url = server.url): Record<string, string> => ({
  // pg checks a name, never an address.
  DATABASE_URL: `${url.replace('127.0.0.1', 'localhost')}?${query}`,
  KEYHOUSE_MASTER_KEYS: testMasterKeys,
})
const verified = (): string => `sslmode=verify-full&sslrootcert=${inFolder('root.pem')}`
const migrate = (query: string, url?: string): Promise<ExitedProcess> => runKeyhouse(['migrate'], envOf(query, url))
const refused = (stderr: string): ExitedProcess => ({ code: 1, stdout: '', stderr })

onPostgres('with verify-full and the root of a private authority every connection of a server is encrypted', async () => {
  const served = await startKeyhouse(envOf(verified()))
  expect((await fetch(`${served.url}/readyz`)).status).toBe(200)
  const client = new Client({ connectionString: server.url })
  await client.connect()
  const { rows } = await client.query<{ ssl: boolean; count: number }>(
    `select ssl, count(*)::int as count from pg_stat_ssl join pg_stat_activity using (pid)
     where backend_type = 'client backend' and pid <> pg_backend_pid() group by ssl`,
  )
  await client.end()
  expect(rows).toEqual([{ ssl: true, count: expect.any(Number) }])
  expect(rows[0]!.count).toBeGreaterThan(1)
  served.kill('SIGTERM')
  expect((await served.exited).code).toBe(0)
})

const rejected = (reason: string): ExitedProcess =>
  refused(`The certificate of the database server is not accepted (${reason}). Check the host, sslmode and sslrootcert of DATABASE_URL.\n`)

onPostgres('an authority that is unknown here is told in one line', async () => {
  // Newer versions of Node add a hint.
  const reason = /^The certificate of the database server is not accepted \(unable to verify the first certificate.*\)\. Check .+\n$/
  for (const query of ['sslmode=verify-full', `sslmode=verify-full&sslrootcert=${inFolder('other.pem')}`])
    expect(await migrate(query)).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(reason) })
})

onPostgres('a root that cannot be read too', async () => {
  expect(await migrate(`sslmode=verify-full&sslrootcert=${inFolder('none.pem')}`)).toEqual(
    refused('The configuration has an error:\n  - DATABASE_URL: sslrootcert must be the path of a file that Keyhouse can read\n'),
  )
})

onPostgres('a certificate for another host too', async () => {
  await server.useCertificate(certificate('other', { issuer: root, host: 'db.example' }))
  expect(await migrate(verified())).toEqual(
    rejected("Hostname/IP does not match certificate's altnames: Host: localhost. is not in the cert's altnames: DNS:db.example"),
  )
})

onPostgres('a certificate that has expired too', async () => {
  await server.useCertificate(certificate('expired', { issuer: root, host: 'localhost', expires: '210101000000Z' }))
  expect(await migrate(verified())).toEqual(rejected('certificate has expired'))
})

onPostgres('a server without TLS too', async () => {
  expect(await migrate(verified(), process.env['TEST_POSTGRES_URL'])).toEqual(
    refused('The database server does not offer TLS. Enable TLS there, or remove sslmode from DATABASE_URL.\n'),
  )
})
