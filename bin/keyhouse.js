#!/usr/bin/env node
// The command: checks what would otherwise fail without a word, then hands over to the compiled src/cli.ts.
import { existsSync } from 'fs'

import { requireNode } from './node-version.js'

requireNode()
if (existsSync(new URL('../dist/cli.js', import.meta.url))) {
  // Loaded only now, after the check. Node 12 knows no await out here.
  import('../dist/cli.js').catch((error) => {
    console.error(error)
    process.exit(1)
  })
} else {
  console.error('Keyhouse is not built yet: run npm run build.')
  process.exit(1)
}
