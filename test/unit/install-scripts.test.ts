/** A dependency that was taken over runs nothing when it is installed: `.npmrc` forbids it, for every npm and every machine. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from '@jest/globals'

const hooks = ['preinstall', 'install', 'postinstall', 'prepare'] as const

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyhouse-planted-'))
  const planted = join(folder, 'planted')
  mkdirSync(planted)
  const leaveMark = `node -e "require('node:fs').appendFileSync(process.env.MARK, 'x')"`
  const scripts = Object.fromEntries(hooks.map((hook) => [hook, leaveMark]))
  writeFileSync(join(planted, 'package.json'), JSON.stringify({ name: 'planted', version: '1.0.0', scripts }))
  npm(planted, 'pack', '--ignore-scripts', '--pack-destination', folder)
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Nothing of the npm that runs these tests, and nothing of the machine's: only the folder's own `.npmrc` counts. */
function npm(cwd: string, ...args: string[]): void {
  const inherited = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))
  const env = {
    ...Object.fromEntries(inherited),
    MARK: join(cwd, 'mark'),
    npm_config_userconfig: join(folder, 'none'),
    npm_config_update_notifier: 'false',
  }
  execFileSync('npm', args, { cwd, env, stdio: 'pipe' })
}

/** Whether the planted package ran anything while a project that depends on it was installed. */
function isRunBy(command: 'install' | 'ci', isOurs: boolean): boolean {
  const project = mkdtempSync(join(folder, 'project-'))
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', dependencies: { planted: 'file:../planted-1.0.0.tgz' } }))
  if (isOurs) copyFileSync(new URL('../../.npmrc', import.meta.url), join(project, '.npmrc'))
  npm(project, 'install', '--offline', '--package-lock-only')
  npm(project, command, '--offline', '--no-audit')
  expect(existsSync(join(project, 'node_modules/planted/package.json'))).toBe(true)
  return existsSync(join(project, 'mark'))
}

test.each(['install', 'ci'] as const)('npm %s runs nothing of a planted package, and would without our .npmrc', (command) => {
  expect({ ours: isRunBy(command, true), bare: isRunBy(command, false) }).toEqual({ ours: false, bare: true })
})
