/** Generates the client's source from a schema and documents: types by graphql-codegen, everything else by functions-plugin.js. */
import { codegen } from '@graphql-codegen/core'
import * as typescriptOperations from '@graphql-codegen/typescript-operations'
import { buildSchema, parse, validate } from 'graphql'

import * as functions from './functions-plugin.js'

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

/**
 * @param {string} schemaText SDL
 * @param {readonly { location: string, text: string }[]} sources
 * @returns {Promise<Record<string, string>>} the files of src/generated, by name without `.ts`
 * @throws Error that lists all documents that are invalid for the schema
 */
export async function code(schemaText, sources) {
  const schema = buildSchema(schemaText)
  const documents = sources.map(({ location, text: source }) => ({ location, document: parse(source, { noLocation: true }) }))
  const faults = documents.flatMap(({ location, document }) => validate(schema, document).map(({ message }) => `${location}: ${message}`))
  if (faults.length > 0) throw new Error(`These documents do not fit the schema:\n${faults.join('\n')}`)

  const generate = (name, plugin, options) =>
    codegen({ filename: `${name}.ts`, schema: parse(schemaText), documents, plugins: [{ plugin: options }], pluginMap: { plugin }, config })
  const types = await generate('types', typescriptOperations, {})
  return {
    // Remove the helper type for @defer, which no document uses.
    types: types.replace(/\/\*\* Internal type[^\n]*\nexport type Incremental[^\n]*\n/, ''),
    operations: await generate('operations', functions, { kind: 'operations' }),
    hooks: await generate('hooks', functions, { kind: 'hooks' }),
    documents: await generate('documents', functions, { kind: 'documents' }),
  }
}
