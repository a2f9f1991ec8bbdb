/** Checks that schema.graphql matches the code; `--write` regenerates it. */
import { readFileSync, writeFileSync } from 'node:fs'

const { buildSchema, printedSchema } = await import('../dist/schema.js')

const printed = printedSchema(buildSchema())
if (process.argv.includes('--write')) {
  writeFileSync('schema.graphql', printed)
} else if (readFileSync('schema.graphql', 'utf8') !== printed) {
  console.error('schema.graphql is not what the code makes: run "npm run schema" and look at the difference.')
  process.exitCode = 1
}
