/** The guide's example programs by language and library, and whether this machine can run them. */
import { canRun } from './shell.js'

export interface Program {
  /** The command that runs the file. */
  readonly run: string
  readonly file: string
  readonly isInstalled: boolean
  readonly env?: Readonly<Record<string, string>>
}

const goPath = { GO111MODULE: 'off', GOPATH: '/usr/share/gocode' }

/** Debian installs Python packages for /usr/bin/python3, which may not be the first Python in PATH. */
const pythonWith = (modules: string): Pick<Program, 'run' | 'isInstalled'> => {
  const run = ['python3', '/usr/bin/python3'].find((one) => canRun(one, ['-c', `import ${modules}`]))
  return { run: run ?? 'python3', isInstalled: run !== undefined }
}

export const programs: Readonly<Record<string, Program>> = {
  js: { run: 'node', file: 'snippet.mjs', isInstalled: true },
  'js oauth4webapi': { run: 'node', file: 'discovery.mjs', isInstalled: true },
  python: { file: 'snippet.py', ...pythonWith('jwt, cryptography') },
  'python authlib': { file: 'discovery.py', ...pythonWith('authlib.oidc.discovery, requests') },
  go: { run: 'go run', file: 'snippet.go', isInstalled: canRun('go', ['version']) },
  'go go-oidc': {
    run: 'go run',
    file: 'discovery.go',
    isInstalled: canRun('go', ['list', 'github.com/coreos/go-oidc'], { ...process.env, ...goPath }),
    env: goPath,
  },
}

export const programOf = ({ language, note }: { language: string; note: string }): string => `${language} ${note}`.trim()
