/**
 * Builds server, client and console into a new folder and swaps it in, so that a running server and the commands never see half a build.
 * With `--if-changed` only if a source is newer than the build.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { isBuilt } from './is-built.cjs'
import { withoutNpm } from './npm-environment.js'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
if (process.argv.includes('--if-changed') && isBuilt()) process.exit()
// Beside dist, since the source maps hold relative paths.
const fresh = `dist-${process.pid}`
const old = `${fresh}-old`

function run(command, args, stdout = 'inherit') {
  const { status } = spawnSync(command, args, { stdio: ['inherit', stdout, 'inherit'], env: withoutNpm(process.env) })
  if (status === 0) return
  rmSync(fresh, { recursive: true })
  process.exit(1)
}
const node = (...args) => run(process.execPath, args)
const compile = (...args) => node('node_modules/typescript/bin/tsc', '-p', ...args)

// Created before the stamp, which a new folder in client/src would be newer than.
mkdirSync('client/src/generated', { recursive: true })
mkdirSync(join(fresh, 'client'), { recursive: true })
// Written first: a source that changes during the build is newer than this file, and the next isBuilt() is false.
writeFileSync(join(fresh, 'build-started'), '')
compile('tsconfig.build.json', '--outDir', fresh)
node('explorer/build.js', join(fresh, 'explorer'))
node('client/tools/generate.js')
compile('client/tsconfig.build.json')
node('console/build.js', join(fresh, 'console'))
// npm packs the same bytes from the same files: the times are constant, and names of users are left out.
run('npm', ['pack', './client', '--ignore-scripts', '--silent', '--pack-destination', join(fresh, 'client')], 'ignore')
if (existsSync('dist')) renameSync('dist', old)
renameSync(fresh, 'dist')
rmSync(old, { recursive: true, force: true })
