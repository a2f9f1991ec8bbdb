// Checks the Node version. Its syntax is limited to Node 12, so that old versions can print the error.
const { spawn } = require('child_process')
const { existsSync } = require('fs')
const path = require('path')

const manifest = require('../package.json')

const [needed, major, minor] = /(\d+)\.(\d+)/.exec(manifest.engines.node)
/** Node as an optional dependency. npx finds it in a clone, and not below an installed package. */
const ownNode = path.join(__dirname, '../node_modules/.bin/node')

function isSupported() {
  const here = process.versions.node.split('.').map(Number)
  return here[0] > Number(major) || (here[0] === Number(major) && here[1] >= Number(minor))
}

/** Exits with an error message if Node is too old, since native packages would crash it without one. */
exports.requireNode = function requireNode() {
  if (isSupported()) return
  console.error(
    `Keyhouse needs Node ${needed} or newer, and this is Node ${process.versions.node}: ` +
      'install a newer one, or run it through npm 11.6 or newer, which brings its own.',
  )
  process.exit(1)
}

/**
 * Runs this program by the package's own Node, if the current one is too old. True if it does: this process then passes
 * signals on, and ends with the exit code of the other.
 */
exports.runByOwnNode = function runByOwnNode() {
  // On Windows .bin/node is a shell script.
  if (isSupported() || process.platform === 'win32' || !existsSync(ownNode)) return false
  const child = spawn(ownNode, process.argv.slice(1), { stdio: 'inherit' })
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code) => process.exit(code === null ? 1 : code))
  return true
}
