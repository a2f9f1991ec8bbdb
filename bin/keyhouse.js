#!/usr/bin/env node
// Entry point of the command: sets NODE_ENV and the thread pool size, checks the Node version and the build, then loads src/cli.ts.
// CommonJS, since older Node versions load ES modules on libuv's thread pool, which fixes its size.
const { existsSync } = require('fs')
const path = require('path')

const { requireNode } = require('./node-version.js')

// Otherwise graphql-js looks for a second copy of itself at each `instanceOf`.
process.env.NODE_ENV = process.env.NODE_ENV || 'production'
// libuv reads it when the pool is first used. DNS lookups may use half of the pool (src/outbound/name-lookups.ts).
process.env.UV_THREADPOOL_SIZE = process.env.UV_THREADPOOL_SIZE || '24'
requireNode()
// npx signals only its shell, which dies and leaves this process running: end as if it had received the signal.
if (process.env.npm_lifecycle_event === 'npx') {
  const shell = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === shell) return
    clearInterval(timer)
    process.kill(process.pid, 'SIGTERM')
  }, 200)
  timer.unref()
}
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
