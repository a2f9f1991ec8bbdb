/** The packed server, installed from the tarball into an empty folder on a machine without a compiler. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { version } from '../../src/lib/version.js'
import { typeCheck } from '../support/client-package.js'
import { newDatabase, type TestDatabase } from '../support/database.js'
import { freePort } from '../support/local-server.js'
import { bareEnvironment, runIn } from '../support/npm.js'
import { sendGraphql } from '../support/process.js'
import { root } from '../support/shell.js'

let folder: string
let application: string
let env: Record<string, string>
let database: TestDatabase
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyhouse-packed-'))
  await runIn(root, process.env, 'npm', 'run', 'pack', '--', '--pack-destination', folder)
  application = join(folder, 'application')
  mkdirSync(application)
  env = bareEnvironment(folder)
  await runIn(application, env, 'npm', 'install', '--no-audit', `../keyhouse-${version}.tgz`)
  database = await newDatabase()
}, 300_000)
afterAll(async () => {
  await database.drop()
  rmSync(folder, { recursive: true })
})

test('packing leaves no npm-shrinkwrap.json behind, which npm would read in place of package-lock.json', () => {
  expect(readdirSync(root)).not.toContain('npm-shrinkwrap.json')
})

test('npx keyhouse start serves, and hands out the client that was built with it', async () => {
  const variables = { ...env, ...database.env }
  const command = ['keyhouse', 'organization', 'create', '--name', 'Acme', '--email', 'ada@example.com', '--json']
  const { sandboxApiKey } = JSON.parse(await runIn(application, variables, 'npx', ...command)) as { sandboxApiKey: string }
  const PORT = await freePort()
  const server = spawn('npx', ['keyhouse', 'start'], {
    cwd: application,
    env: { ...variables, PORT },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  server.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  while (!output.includes('"msg":"ready"')) {
    expect(server.exitCode).toBeNull()
    await Promise.race([once(server.stdout, 'data'), once(server, 'exit')])
  }
  const url = `http://127.0.0.1:${PORT}`
  const { data } = await sendGraphql(url, sandboxApiKey, '{ viewer { kind } }')
  expect(data).toEqual({ viewer: { kind: 'API_KEY' } })
  expect((await fetch(`${url}/client.tgz`)).url).toBe(`${url}/client/keyhouse-client-${version}.tgz`)
  server.kill('SIGTERM')
  while (!output.includes('"msg":"ended"')) await once(server.stdout, 'data')
})

test('a program starts a server and ends by itself when it has closed it, and the types of the package fit', async () => {
  const settings = { ...database.env, PORT: await freePort(), LOG_LEVEL: 'silent' }
  const program = `import { startServer } from 'keyhouse'
const server = await startServer({
  settings: ${JSON.stringify(settings)},
  plugins: [{ requestDidStart: async ({ contextValue }) => console.log(contextValue.actorOrNull?.kind ?? 'nobody') }],
})
await fetch(\`\${server.url}/graphql\`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"query":"{ __typename }"}' })
await server.close()
`
  writeFileSync(join(application, 'embed.mts'), program)
  expect(await runIn(application, env, 'node', 'embed.mts')).toBe('nobody\n')
  const compilerOptions = { target: 'es2024', module: 'nodenext', strict: true, noEmit: true, skipLibCheck: true }
  writeFileSync(join(application, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['embed.mts'] }))
  expect(await typeCheck(application)).toBe('')
})
