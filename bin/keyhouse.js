#!/usr/bin/env node
// The command: sets what Node reads once, checks what would otherwise fail without a word, then hands over to src/cli.ts.
// CommonJS, since older Nodes load an ES module by libuv's thread pool, whose size is then settled.
const { existsSync } = require('fs')
const path = require('path')

const { requireNode } = require('./node-version.js')

// Read by libuv when the pool is first used. Half of it may look names up (src/outbound/name-lookups.ts).
process.env.UV_THREADPOOL_SIZE = process.env.UV_THREADPOOL_SIZE || '24'
requireNode()
if (existsSync(path.join(__dirname, '../dist/cli.js'))) {
  // Loaded only now, after the check.
  import('../dist/cli.js').catch((error) => {
    console.error(error)
    process.exit(1)
  })
} else {
  console.error('Keyhouse is not built yet: run npm run build.')
  process.exit(1)
}
