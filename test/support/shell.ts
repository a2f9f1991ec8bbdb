/** A shell in which a page is typed, block after block, in the root of the repository. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '../..')

/**
 * Node and the command as `npm ci` would leave them; installing and starting are done already. A server that the page starts
 * is seen ready, and ended. Whatever fails is remembered, not only what comes last.
 */
const prelude = `
npm() { :; }
npx() {
  [ "$1" = keyhouse ] || return 0
  shift
  if [ "$1" = start ]; then serve; else "$NODE" "$ROOT/bin/keyhouse.js" "$@"; fi
}
serve() {
  PORT=$START_PORT "$NODE" "$ROOT/bin/keyhouse.js" start & local server=$!
  until curl -sf "http://127.0.0.1:$START_PORT/readyz"; do kill -0 $server || return; sleep 0.1; done
  kill $server
  wait $server
}
set -o pipefail
trap 'FAILED=$?' ERR
`

export interface Typed {
  readonly said: string
  readonly hasFailed: boolean
}

/** Whether a program is there, and does this without complaint. */
export const can = (program: string, args: string[], env: NodeJS.ProcessEnv = process.env): boolean =>
  spawnSync(program, args, { env, stdio: 'ignore' }).status === 0

export class Shell {
  readonly #child: ChildProcess
  readonly #folder = mkdtempSync(join(tmpdir(), 'keyhouse-guide-'))
  #said = ''

  constructor(readonly env: Readonly<Record<string, string>>) {
    // Without what Go has compiled before it would compile its standard library anew.
    const GOCACHE = process.env['GOCACHE'] ?? join(homedir(), '.cache/go-build')
    const variables = { GOCACHE, HOME: this.#folder, FOLDER: this.#folder, ROOT: root, NODE: process.execPath, ...env }
    const path = `${dirname(process.execPath)}:${process.env['PATH']}`
    this.#child = spawn('bash', ['--noprofile', '--norc'], {
      cwd: root,
      env: { PATH: path, PYTHONPATH: process.env['PYTHONPATH'] ?? '', ...variables },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.#said += chunk.toString()))
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#said += chunk.toString()))
    this.#child.stdin?.write(prelude)
  }

  get folder(): string {
    return this.#folder
  }

  /** All that was said while this ran, and whether a command in it failed. */
  async type(text: string): Promise<Typed> {
    const from = this.#said.length
    const mark = `-- end of block at ${from}: `
    this.#child.stdin?.write(`FAILED=0\n${text}\nprintf '\\n%s%s\\n' '${mark}' "$FAILED"\n`)
    for (;;) {
      const said = this.#said.slice(from)
      const [, code] = /-- end of block at \d+: (\d+)\n/.exec(said) ?? []
      if (code !== undefined) return { said: said.slice(0, said.indexOf(mark)), hasFailed: code !== '0' }
      if (this.#child.exitCode !== null) throw new Error(`the shell ended: ${said}`)
      await new Promise((wake) => setTimeout(wake, 5))
    }
  }

  /** With everything that a page left running. */
  async close(): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.stdin?.end('kill $(jobs -p) 2>/dev/null\nexit\n')
    await ended
    rmSync(this.#folder, { recursive: true })
  }
}
