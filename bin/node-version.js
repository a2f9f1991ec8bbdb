// Says whether this Node can run Keyhouse. Written for a Node as old as 12, which must still be able to read it.
const manifest = require('../package.json')

const [needed, major, minor] = /(\d+)\.(\d+)/.exec(manifest.engines.node)

/** Ends the process with one sentence when Node is too old: its native packages would crash it without a word. */
exports.requireNode = function requireNode() {
  const here = process.versions.node.split('.').map(Number)
  if (here[0] > Number(major) || (here[0] === Number(major) && here[1] >= Number(minor))) return
  console.error(
    `Keyhouse needs Node ${needed} or newer, and this is Node ${process.versions.node}: ` +
      'install a newer one, or run it through npm 11.6 or newer, which brings its own.',
  )
  process.exit(1)
}
