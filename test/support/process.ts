/** Runs the built `keyhouse` command in a child process. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { afterAll } from '@jest/globals'

import type { AnswerBody } from './app.js'
import { freePort } from './local-server.js'
import type { Results } from './results.js'

const bin = fileURLToPath(new URL('../../bin/keyhouse.js', import.meta.url))

type Variables = Readonly<Record<string, string>>

/** The child's environment holds only PATH, the compile cache and `env`. `first`: shell commands to run before it, such as `ulimit -n 1024`. */
const spawnCommand = (args: readonly string[], env: Variables, cwd: string, first = ':'): ChildProcess =>
  spawn('/bin/sh', ['-c', `${first}; exec "$@"`, 'sh', process.execPath, bin, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })

export interface ExitedProcess {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Child processes that still run. A failed test would leave them behind, and they would keep the Jest worker alive. */
const running = new Set<ChildProcess>()
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
})

class CapturedProcess {
  stdout = ''
  stderr = ''

  constructor(readonly child: ChildProcess) {
    running.add(child)
    child.once('exit', () => running.delete(child))
    child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()))
    child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()))
  }

  async exited(): Promise<ExitedProcess> {
    const [code] = (await once(this.child, 'close')) as [number | null]
    return { code, stdout: this.stdout, stderr: this.stderr }
  }
}

/** Runs `keyhouse …` until it exits, in an empty folder or in one with this `.env` file. */
export async function runKeyhouse(args: readonly string[], env: Variables, dotEnv?: string): Promise<ExitedProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'keyhouse-cwd-'))
  if (dotEnv !== undefined) writeFileSync(join(folder, '.env'), dotEnv)
  const ended = await new CapturedProcess(spawnCommand(args, env, folder)).exited()
  rmSync(folder, { recursive: true })
  return ended
}

/** Starts `keyhouse …`, to be killed. */
export function startCommand(args: readonly string[], env: Variables): { kill: () => void; exited: Promise<ExitedProcess> } {
  const captured = new CapturedProcess(spawnCommand(args, env, tmpdir()))
  return { kill: () => void captured.child.kill('SIGKILL'), exited: captured.exited() }
}

/** Members that the commands print; each command prints some of them. */
interface CommandOutput {
  readonly organizationId: string
  readonly projectId: string
  readonly sandboxApiKey: string
  readonly sandboxIssuer: string
  readonly adminToken: string
  readonly signInToken: string
  readonly consoleUrl: string | null
  readonly apiKeyId: string
  readonly secret: string
  readonly masterKeyFile: string
}

/** Runs a command with `--json` and returns its parsed output. @throws Error if it fails */
export async function runKeyhouseJson<Output = CommandOutput>(args: readonly string[], env: Variables): Promise<Output> {
  const { code, stdout, stderr } = await runKeyhouse([...args, '--json'], env)
  if (code !== 0) throw new Error(`keyhouse ${args.join(' ')}: ${stderr}`)
  return JSON.parse(stdout) as Output
}

export interface ServerProcess {
  readonly pid: number
  readonly url: string
  /** Everything written to stdout so far. */
  stdout(): string
  kill(signal: NodeJS.Signals): void
  readonly exited: Promise<ExitedProcess>
}

/** Starts `keyhouse start` and waits until it logs that it is ready; `first`: shell commands to run before it. */
export async function startKeyhouse(env: Variables, { dotEnv, first }: { dotEnv?: string; first?: string } = {}): Promise<ServerProcess> {
  const port = env['PORT'] ?? (await freePort())
  const folder = mkdtempSync(join(tmpdir(), 'keyhouse-cwd-'))
  if (dotEnv !== undefined) writeFileSync(join(folder, '.env'), dotEnv)
  const captured = new CapturedProcess(spawnCommand(['start'], { ...env, PORT: port }, folder, first))
  const ended = captured.exited().finally(() => rmSync(folder, { recursive: true }))
  const isReady = (): boolean => captured.stdout.includes('"msg":"ready"')
  while (!isReady() && captured.child.exitCode === null) await Promise.race([once(captured.child.stdout!, 'data'), ended])
  if (!isReady()) throw new Error(`keyhouse start: ${captured.stderr}`)
  return {
    pid: captured.child.pid!,
    url: `http://127.0.0.1:${port}`,
    stdout: () => captured.stdout,
    kill: (signal) => void captured.child.kill(signal),
    exited: ended,
  }
}

/** Sends a GraphQL request and returns the parsed response body. */
export async function sendGraphql<Data = Results>(
  url: string,
  credential: string | null,
  query: string,
  variables: object = {},
): Promise<AnswerBody<Data>> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(credential === null ? {} : { authorization: `Bearer ${credential}` }) },
    body: JSON.stringify({ query, variables }),
  })
  return response.json() as Promise<AnswerBody<Data>>
}
