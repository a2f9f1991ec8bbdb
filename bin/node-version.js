// Checks the Node version. Its syntax is limited to Node 12, so that old versions can print the error.
const manifest = require('../package.json')

const [needed, major, minor] = /(\d+)\.(\d+)/.exec(manifest.engines.node)

/** Exits with an error message if Node is too old, since native packages would crash it without one. */
exports.requireNode = function requireNode() {
  const here = process.versions.node.split('.').map(Number)
  if (here[0] > Number(major) || (here[0] === Number(major) && here[1] >= Number(minor))) return
  console.error(
    `Keyhouse needs Node ${needed} or newer, and this is Node ${process.versions.node}: ` +
      'install a newer one, or run it through npm 11.6 or newer, which brings its own.',
  )
  process.exit(1)
}
