/** Generates src/generated from schema.graphql and operations/. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

import { code } from './code.js'

const at = (path) => new URL(`../${path}`, import.meta.url)
const sources = readdirSync(at('operations'))
  .filter((file) => file.endsWith('.graphql'))
  .toSorted()
  .map((file) => ({ location: `client/operations/${file}`, text: readFileSync(at(`operations/${file}`), 'utf8') }))

// The package must hold no module of an earlier build.
rmSync(at('dist'), { recursive: true, force: true })
mkdirSync(at('src/generated'), { recursive: true })
for (const [name, content] of Object.entries(await code(readFileSync(at('../schema.graphql'), 'utf8'), sources))) {
  writeFileSync(
    at(`src/generated/${name}.ts`),
    `// Made by "npm run client" from schema.graphql and client/operations: do not edit.\n${content.trim()}\n`,
  )
}
