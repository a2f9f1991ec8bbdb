/** A Bash session in the repository's root that executes the blocks of a guide page one after the other. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '../..')

/**
 * Shell functions that replace npm and npx, since installing and building are done already. A server that the page starts
 * is stopped once it is ready. FAILED holds the exit code of any failed command, not only of the last one.
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

export interface CommandResult {
  /** Stdout and stderr, interleaved. */
  readonly output: string
  readonly hasFailed: boolean
}

/** Tells whether a program is installed and exits with 0 for these arguments. */
export const canRun = (program: string, args: string[], env: NodeJS.ProcessEnv = process.env): boolean =>
  spawnSync(program, args, { env, stdio: 'ignore' }).status === 0

export class Shell {
  readonly #child: ChildProcess
  readonly #folder = mkdtempSync(join(tmpdir(), 'keyhouse-guide-'))
  #output = ''

  constructor(readonly env: Readonly<Record<string, string>>) {
    // Go would recompile its standard library without its build cache.
    const GOCACHE = process.env['GOCACHE'] ?? join(homedir(), '.cache/go-build')
    const variables = { GOCACHE, HOME: this.#folder, FOLDER: this.#folder, ROOT: root, NODE: process.execPath, ...env }
    const path = `${dirname(process.execPath)}:${process.env['PATH']}`
    this.#child = spawn('bash', ['--noprofile', '--norc'], {
      cwd: root,
      env: {
        PATH: path,
        PYTHONPATH: process.env['PYTHONPATH'] ?? '',
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
        ...variables,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()))
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()))
    this.#child.stdin?.write(prelude)
  }

  get folder(): string {
    return this.#folder
  }

  /** Executes the text; returns its output and whether any command failed. */
  async execute(text: string): Promise<CommandResult> {
    const from = this.#output.length
    const mark = `-- end of block at ${from}: `
    this.#child.stdin?.write(`FAILED=0\n${text}\nprintf '\\n%s%s\\n' '${mark}' "$FAILED"\n`)
    for (;;) {
      const output = this.#output.slice(from)
      const [, code] = /-- end of block at \d+: (\d+)\n/.exec(output) ?? []
      if (code !== undefined) return { output: output.slice(0, output.indexOf(mark)), hasFailed: code !== '0' }
      if (this.#child.exitCode !== null) throw new Error(`the shell ended: ${output}`)
      await new Promise((done) => setTimeout(done, 5))
    }
  }

  /** Ends the shell and its background jobs. */
  async close(): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.stdin?.end('kill $(jobs -p) 2>/dev/null\nexit\n')
    await ended
    rmSync(this.#folder, { recursive: true })
  }
}
