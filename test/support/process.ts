/** The command as a process of its own, built from src as `npm run build` leaves it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { afterAll } from '@jest/globals'

const bin = fileURLToPath(new URL('../../bin/keyhouse.js', import.meta.url))

type Variables = Readonly<Record<string, string>>

/** Nothing of ours in the environment but what the test gives. `first`: shell commands before it, such as `ulimit -n 1024`. */
const spawnCommand = (args: readonly string[], env: Variables, cwd: string, first = ':'): ChildProcess =>
  spawn('/bin/sh', ['-c', `${first}; exec "$@"`, 'sh', process.execPath, bin, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A test that fails leaves its servers behind, which would keep the worker from ending, and outlive it. */
const running = new Set<ChildProcess>()
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
})

class Words {
  stdout = ''
  stderr = ''

  constructor(readonly child: ChildProcess) {
    running.add(child)
    child.once('exit', () => running.delete(child))
    child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()))
    child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()))
  }

  async ended(): Promise<Ended> {
    const [code] = (await once(this.child, 'close')) as [number | null]
    return { code, stdout: this.stdout, stderr: this.stderr }
  }
}

/** Runs `keyhouse …` to its end, in a folder that has no `.env` unless the test says so. */
export async function keyhouse(args: readonly string[], env: Variables, dotEnv?: string): Promise<Ended> {
  const folder = mkdtempSync(join(tmpdir(), 'keyhouse-cwd-'))
  if (dotEnv !== undefined) writeFileSync(join(folder, '.env'), dotEnv)
  const ended = await new Words(spawnCommand(args, env, folder)).ended()
  rmSync(folder, { recursive: true })
  return ended
}

/** The same, of a command that is expected to succeed, with `--json`. */
export async function keyhouseJson(args: readonly string[], env: Variables): Promise<any> {
  const { code, stdout, stderr } = await keyhouse([...args, '--json'], env)
  if (code !== 0) throw new Error(`keyhouse ${args.join(' ')}: ${stderr}`)
  return JSON.parse(stdout)
}

export interface Served {
  readonly pid: number
  readonly url: string
  /** All that it has written to stdout by now. */
  said(): string
  kill(signal: NodeJS.Signals): void
  readonly ended: Promise<Ended>
}

export async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return String(typeof address === 'object' ? address?.port : address)
}

/** Runs `keyhouse start` until it says that it is ready; `first` are shell commands before it. */
export async function serve(env: Variables, { dotEnv, first }: { dotEnv?: string; first?: string } = {}): Promise<Served> {
  const port = env['PORT'] ?? (await freePort())
  const folder = mkdtempSync(join(tmpdir(), 'keyhouse-cwd-'))
  if (dotEnv !== undefined) writeFileSync(join(folder, '.env'), dotEnv)
  const words = new Words(spawnCommand(['start'], { ...env, PORT: port }, folder, first))
  const ended = words.ended().finally(() => rmSync(folder, { recursive: true }))
  const isReady = (): boolean => words.stdout.includes('"msg":"ready"')
  while (!isReady() && words.child.exitCode === null) await Promise.race([once(words.child.stdout!, 'data'), ended])
  if (!isReady()) throw new Error(`keyhouse start: ${words.stderr}`)
  return {
    pid: words.child.pid!,
    url: `http://127.0.0.1:${port}`,
    said: () => words.stdout,
    kill: (signal) => void words.child.kill(signal),
    ended,
  }
}

/** The whole answer to a GraphQL request. */
export async function ask(url: string, credential: string | null, query: string, variables: object = {}): Promise<any> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(credential === null ? {} : { authorization: `Bearer ${credential}` }) },
    body: JSON.stringify({ query, variables }),
  })
  return response.json()
}
