/** `npm start` and `npx keyhouse start`: built when needed, and ended in order by a signal to npm. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { newDatabase, type TestDatabase } from './support/database.js'
import { freePort } from './support/local-server.js'
import { runKeyhouseJson } from './support/process.js'
import { isRefused, unfinished } from './support/raw-http.js'
import { root } from './support/shell.js'

let folder: string
let database: TestDatabase
let key: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyhouse-npm-'))
  for (const name of [
    'package.json',
    'package-lock.json',
    '.npmrc',
    'tsconfig.json',
    'tsconfig.build.json',
    'bin',
    'client',
    'console',
    'explorer',
    'schema.graphql',
    'src',
    'tools',
  ])
    cpSync(join(root, name), join(folder, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  database = await newDatabase()
  const made = await runKeyhouseJson(['organization', 'create', '--name', 'Acme', '--email', 'ada@example.com'], database.env)
  key = made.sandboxApiKey
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await database.drop()
})

const viewer = '{ viewer { kind } }'
const builds = (): string[] => readdirSync(folder).filter((name) => name.startsWith('dist'))

interface Started {
  readonly url: string
  readonly child: ChildProcess
  readonly said: () => string
}

/** The environment is that of npm's own, without what the npm that runs these tests has set. */
async function start(command: string, args: string[], variables: Record<string, string> = {}): Promise<Started> {
  const port = await freePort()
  const PATH = `${dirname(process.execPath)}:${process.env['PATH']}`
  const env = { PATH, HOME: folder, PORT: port, ...database.env, ...variables }
  const child = spawn(command, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  while (!said.includes('"msg":"ready"')) {
    if (child.exitCode !== null) throw new Error(said)
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
  }
  return { url: `http://127.0.0.1:${port}`, child, said: () => said }
}

/** Sends SIGTERM while a request is in flight, and expects its answer, a closed port and the last line of the log. */
async function endInOrder({ url, child, said }: Started): Promise<void> {
  const request = await unfinished(url, key, viewer)
  child.kill('SIGTERM')
  while (!said().includes('"msg":"draining"')) await once(child.stdout!, 'data')
  request.finish()
  expect(await request.answer).toContain('{"data":{"viewer":{"kind":"API_KEY"}}}')
  while (!said().includes('"msg":"ended"')) await once(child.stdout!, 'data')
  while (!(await isRefused(url))) await new Promise(setImmediate)
}

test('npm start builds what is not built, and SIGTERM to npm drains the server before npm ends', async () => {
  const started = await start('npm', ['start'])
  expect(builds()).toEqual(['dist'])
  const ended = once(started.child, 'exit')
  await endInOrder(started)
  expect(await ended).toEqual([0, null])
})

test('npm start does not build again while the sources are older than the build', async () => {
  const stamp = readFileSync(join(folder, 'dist/cli.js.map')).length
  appendFileSync(join(folder, 'dist/cli.js.map'), ' ')
  await endInOrder(await start('npm', ['start']))
  expect(readFileSync(join(folder, 'dist/cli.js.map'))).toHaveLength(stamp + 1)
})

// npx runs it below a shell that dies of the signal without passing it on.
test('npx keyhouse start drains when the shell of npx is gone', async () => {
  const script = `${process.execPath} bin/keyhouse.js start; exit $?`
  await endInOrder(await start('sh', ['-c', script], { npm_lifecycle_event: 'npx' }))
})

test('a build that fails leaves the last one whole, and npm start does not serve', async () => {
  appendFileSync(join(folder, 'src/cli.ts'), '\nconst broken: number = "text"\n')
  const { status, stdout } = spawnSync(process.execPath, ['tools/start.cjs'], { cwd: folder, env: { PATH: '/usr/bin:/bin' } })
  expect(status).toBe(1)
  expect(stdout.toString()).toContain("Type 'string' is not assignable to type 'number'")
  expect(builds()).toEqual(['dist'])
  expect(readFileSync(join(folder, 'dist/cli.js'), 'utf8')).not.toContain('broken')
})
