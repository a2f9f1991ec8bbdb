/** The languages in which the guide has programs, and whether this machine speaks them. */
import { can } from './shell.js'

export interface Language {
  /** How a program is run. */
  readonly run: string
  readonly file: string
  readonly isThere: boolean
}

export const programs: Readonly<Record<string, Language>> = {
  js: { run: 'node', file: 'snippet.mjs', isThere: true },
  python: { run: 'python3', file: 'snippet.py', isThere: can('python3', ['-c', 'import jwt, cryptography']) },
  go: { run: 'go run', file: 'snippet.go', isThere: can('go', ['version']) },
}
