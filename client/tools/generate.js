/** From schema.graphql and operations/ to src/generated: types by graphql-codegen, and functions, hooks and documents. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'

import { codegen } from '@graphql-codegen/core'
import * as typescriptOperations from '@graphql-codegen/typescript-operations'
import { buildSchema, parse, validate } from 'graphql'

import * as functions from './functions-plugin.js'

const at = (path) => new URL(`../${path}`, import.meta.url)
const schemaText = readFileSync(at('../schema.graphql'), 'utf8')
const schema = buildSchema(schemaText)

const documents = readdirSync(at('operations'))
  .filter((file) => file.endsWith('.graphql'))
  .toSorted()
  .map((file) => ({
    location: `operations/${file}`,
    document: parse(readFileSync(at(`operations/${file}`), 'utf8'), { noLocation: true }),
  }))

const faults = documents.flatMap(({ location, document }) =>
  validate(schema, document).map(({ message }) => `client/${location}: ${message}`),
)
if (faults.length > 0) {
  console.error(`These documents do not fit schema.graphql:\n${faults.join('\n')}`)
  process.exit(1)
}

const text = { input: 'string', output: 'string' }
const config = {
  useTypeImports: true,
  strictScalars: true,
  immutableTypes: true,
  skipTypename: true,
  enumType: 'string-literal',
  scalars: {
    ID: text,
    DateTime: text,
    URL: text,
    EmailAddress: text,
    JWT: text,
    Permission: text,
    Secret: text,
    JSONObject: 'Readonly<Record<string, unknown>>',
  },
}

const made = (filename, plugins, pluginMap) => codegen({ filename, schema: parse(schemaText), documents, plugins, pluginMap, config })

const types = await made('types.ts', [{ types: {} }], { types: typescriptOperations })
const outputs = {
  // A helper for @defer, which nobody sends.
  types: types.replace(/\/\*\* Internal type[^\n]*\nexport type Incremental[^\n]*\n/, ''),
}
for (const kind of ['operations', 'hooks', 'documents']) {
  outputs[kind] = await made(`${kind}.ts`, [{ functions: { kind } }], { functions })
}

mkdirSync(at('src/generated'), { recursive: true })
for (const [name, content] of Object.entries(outputs)) {
  writeFileSync(
    at(`src/generated/${name}.ts`),
    `// Made by "npm run client" from schema.graphql and client/operations: do not edit.\n${content.trim()}\n`,
  )
}
