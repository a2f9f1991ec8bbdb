/** A shell in which a page is typed, block after block, in the root of the repository. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '../..')

/** Node and the command as `npm ci` would leave them; installing and starting are done already. */
const prelude = `
npm() { :; }
npx() { shift; "$NODE" "$ROOT/bin/keyhouse.js" "$@"; }
`

/** Whether a program is there, and does this without complaint. */
export const can = (program: string, args: string[], env: NodeJS.ProcessEnv = process.env): boolean =>
  spawnSync(program, args, { env, stdio: 'ignore' }).status === 0

export class Shell {
  readonly #child: ChildProcess
  readonly #folder = mkdtempSync(join(tmpdir(), 'keyhouse-guide-'))
  #said = ''

  constructor(readonly env: Readonly<Record<string, string>>) {
    const variables = { HOME: this.#folder, FOLDER: this.#folder, ROOT: root, NODE: process.execPath, ...env }
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

  /** All that was said while this ran. */
  async type(text: string): Promise<string> {
    const from = this.#said.length
    const mark = `-- end of block at ${from} --`
    this.#child.stdin?.write(`${text}\nprintf '\\n%s\\n' '${mark}'\n`)
    while (!this.#said.includes(mark, from)) {
      if (this.#child.exitCode !== null) throw new Error(`the shell ended: ${this.#said.slice(from)}`)
      await new Promise((wake) => setTimeout(wake, 5))
    }
    return this.#said.slice(from, this.#said.indexOf(mark, from))
  }

  /** With everything that a page left running. */
  async close(): Promise<void> {
    const ended = once(this.#child, 'exit')
    this.#child.stdin?.end('kill $(jobs -p) 2>/dev/null\nexit\n')
    await ended
    rmSync(this.#folder, { recursive: true })
  }
}
