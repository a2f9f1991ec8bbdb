/** Builds into a new folder and swaps it in, so that a running server and the commands never see half a build. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
// Beside dist, since the source maps hold relative paths.
const fresh = `dist-${process.pid}`
const old = `${fresh}-old`

function run(...args) {
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
  if (status === 0) return
  rmSync(fresh, { recursive: true })
  process.exit(1)
}

mkdirSync(fresh)
// Written first: a source that changes during the build is newer than this file, and tools/start.cjs builds again.
writeFileSync(join(fresh, 'build-started'), '')
run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', fresh)
run('explorer/build.js', join(fresh, 'explorer'))
if (existsSync('dist')) renameSync('dist', old)
renameSync(fresh, 'dist')
rmSync(old, { recursive: true, force: true })
