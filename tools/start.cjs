/**
 * `npm start`: builds when a source is newer than the build, then serves in this process, which receives npm's signals.
 * CommonJS, as bin/keyhouse.js, which sets the size of the thread pool before anything uses it.
 */
const { spawnSync } = require('child_process')
const { readdirSync, statSync } = require('fs')
const path = require('path')

const { requireNode } = require('../bin/node-version.js')

const root = path.join(__dirname, '..')
const sources = [
  'src',
  'explorer',
  'client/src',
  'client/tools',
  'client/operations',
  'client/README.md',
  'client/package.json',
  'console',
  'schema.graphql',
  'tsconfig.json',
  'tsconfig.build.json',
  'package-lock.json',
]

/** A folder's own time tells that a file was removed. A build writes client/src/generated. */
function lastChange(file) {
  const stats = statSync(file)
  const names = stats.isDirectory() ? readdirSync(file).filter((name) => name !== 'generated') : []
  const inside = names.map((name) => lastChange(path.join(file, name)))
  return Math.max(stats.mtimeMs, ...inside)
}

function isBuilt() {
  const stamp = statSync(path.join(root, 'dist/build-started'), { throwIfNoEntry: false })
  return stamp !== undefined && sources.every((name) => lastChange(path.join(root, name)) <= stamp.mtimeMs)
}

requireNode()
if (!isBuilt() && spawnSync(process.execPath, [path.join(__dirname, 'build.js')], { stdio: 'inherit' }).status !== 0) process.exit(1)
process.argv.push('start')
module.exports = require('../bin/keyhouse.js')
