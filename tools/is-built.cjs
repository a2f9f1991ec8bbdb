// Tells whether every source of the build is older than the build in `dist`.
const { readdirSync, statSync } = require('fs')
const path = require('path')

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

module.exports = { isBuilt }
