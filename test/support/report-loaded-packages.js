// Node --import hook: appends the name of each loaded package to the file named by LOADED, one per line.
import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

const reported = new Set()

registerHooks({
  load(url, context, nextLoad) {
    const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1]
    if (name !== undefined && !reported.has(name)) {
      reported.add(name)
      appendFileSync(process.env['LOADED'], `${name}\n`)
    }
    return nextLoad(url, context)
  },
})
