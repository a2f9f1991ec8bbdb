/** Writes the default document of each operation that has none; existing documents are kept, since they may be edited. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

import { buildSchema } from 'graphql'

import { defaultDocument } from './default-document.js'
import { kebab, operationsOf } from './names.js'

const [, , schemaFile = '../schema.graphql', folder = 'operations'] = process.argv
const at = (path) => new URL(path, new URL('../', import.meta.url))
const schema = buildSchema(readFileSync(at(schemaFile), 'utf8'))

for (const operation of operationsOf(schema)) {
  const file = at(`${folder}/${kebab(operation.field.name)}.graphql`)
  if (existsSync(file)) continue
  writeFileSync(file, defaultDocument(operation, schema))
  console.log(`wrote ${folder}/${kebab(operation.field.name)}.graphql`)
}
