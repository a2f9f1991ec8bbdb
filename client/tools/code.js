/** What the client is made of, from a schema and documents: types by graphql-codegen; functions, hooks and documents by our plugin. */
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
 * @throws when a document does not fit, naming all that do not
 */
export async function code(schemaText, sources) {
  const schema = buildSchema(schemaText)
  const documents = sources.map(({ location, text: source }) => ({ location, document: parse(source, { noLocation: true }) }))
  const faults = documents.flatMap(({ location, document }) => validate(schema, document).map(({ message }) => `${location}: ${message}`))
  if (faults.length > 0) throw new Error(`These documents do not fit the schema:\n${faults.join('\n')}`)

  const made = (name, plugin, options) =>
    codegen({ filename: `${name}.ts`, schema: parse(schemaText), documents, plugins: [{ plugin: options }], pluginMap: { plugin }, config })
  const types = await made('types', typescriptOperations, {})
  return {
    // Without a helper for @defer, which nobody sends.
    types: types.replace(/\/\*\* Internal type[^\n]*\nexport type Incremental[^\n]*\n/, ''),
    operations: await made('operations', functions, { kind: 'operations' }),
    hooks: await made('hooks', functions, { kind: 'hooks' }),
    documents: await made('documents', functions, { kind: 'documents' }),
  }
}
