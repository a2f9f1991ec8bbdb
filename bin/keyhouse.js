#!/usr/bin/env node
// Entry point of the command: sets the thread pool size, checks the Node version and the build, then loads src/cli.ts.
// CommonJS, since older Node versions load ES modules on libuv's thread pool, which fixes its size.
const { existsSync } = require('fs')
const path = require('path')

const { requireNode } = require('./node-version.js')

// libuv reads it when the pool is first used. DNS lookups may use half of the pool (src/outbound/name-lookups.ts).
process.env.UV_THREADPOOL_SIZE = process.env.UV_THREADPOOL_SIZE || '24'
requireNode()
if (existsSync(path.join(__dirname, '../dist/cli.js'))) {
  // A dynamic import, so that nothing is loaded before the check.
  import('../dist/cli.js').catch((error) => {
    console.error(error)
    process.exit(1)
  })
} else {
  console.error('Keyhouse is not built yet: run npm run build.')
  process.exit(1)
}
