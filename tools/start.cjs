/**
 * `npm start`: builds when a source is newer than the build, then serves in this process, which receives npm's signals.
 * CommonJS, as bin/keyhouse.js, which sets the size of the thread pool before anything uses it.
 */
const { spawnSync } = require('child_process')
const path = require('path')

const { requireNode } = require('../bin/node-version.js')
const { isBuilt } = require('./is-built.cjs')

requireNode()
if (!isBuilt() && spawnSync(process.execPath, [path.join(__dirname, 'build.js')], { stdio: 'inherit' }).status !== 0) process.exit(1)
process.argv.push('start')
module.exports = require('../bin/keyhouse.js')
