/** Runs npm as a stranger's machine does: without the settings of this repository, of its user, or of the npm that runs the tests. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

import { withoutNpm } from '../../tools/npm-environment.js'

const run = promisify(execFile)

/** Node, npm and a shell: no compiler, and no Python for node-gyp. */
const programs = ['npm', 'npx', 'sh', 'env', 'uname', 'tar', 'gzip']

const pathOf = (program: string): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((directory) => join(directory, program))
    .find((file) => !file.includes('node_modules') && existsSync(file))

/** Environment with those programs alone, which lie in `folder/bin`. */
export function bareEnvironment(folder: string): Record<string, string> {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  symlinkSync(process.execPath, join(bin, 'node'))
  for (const program of programs) {
    const file = pathOf(program)
    if (file) symlinkSync(file, join(bin, program))
  }
  const inherited = withoutNpm(process.env as Record<string, string>)
  // The cache of the user spares the registry.
  const kept = Object.entries(inherited).filter(([name]) => /^(HOME|https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE)$/i.test(name))
  return { ...Object.fromEntries(kept), PATH: bin }
}

/** Runs a program in a folder; returns its stdout. @throws Error with its stderr if it fails */
export async function runIn(cwd: string, env: NodeJS.ProcessEnv, program: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(program, args, { cwd, env, maxBuffer: 1e7 })
  return stdout
}
