// Given to Node by --import: writes which packages were loaded to the file that LOADED names, one line each.
import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

const told = new Set()

registerHooks({
  load(url, context, nextLoad) {
    const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1]
    if (name !== undefined && !told.has(name)) {
      told.add(name)
      appendFileSync(process.env['LOADED'], `${name}\n`)
    }
    return nextLoad(url, context)
  },
})
