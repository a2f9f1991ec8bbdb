/** A graphql-codegen plugin: one function, one hook, one document for each operation. */
import { getNamedType, isNonNullType, print, stripIgnoredCharacters, typeFromAST } from 'graphql'

import { pascal } from './names.js'

const shown = new Set(['Secret', 'JWT'])

/** All that the writers below need to know of a document. */
function operationOf({ location, document }, schema) {
  const [definition, ...more] = document.definitions
  const [root, ...others] = definition.selectionSet.selections
  const name = root.name.value
  if (more.length > 0 || others.length > 0 || root.alias || definition.name?.value !== pascal(name)) {
    throw new Error(`${location} must hold one operation with one field without alias, named after it: ${pascal(name)}.`)
  }
  const kind = definition.operation
  const field = (kind === 'query' ? schema.getQueryType() : schema.getMutationType()).getFields()[name]
  const variables = definition.variableDefinitions ?? []
  if (kind === 'mutation' && variables.some(({ variable }) => variable.name.value !== 'input')) {
    throw new Error(`${location}: a mutation takes one variable, "input".`)
  }
  return {
    name,
    kind,
    field,
    document,
    type: `${pascal(name)}${pascal(kind)}`,
    text: stripIgnoredCharacters(print(document)),
    hasVariables: variables.length > 0,
    isOptional: variables.every(({ type, defaultValue }) => defaultValue || !isNonNullType(typeFromAST(schema, type))),
  }
}

/** Fields of a payload that a repeated idempotency key answers null for, the record being the same. */
function kept({ field }) {
  const input = field.args.find(({ name }) => name === 'input')
  const fields = input ? getNamedType(input.type).getFields() : {}
  if (!('idempotencyKey' in fields)) return []
  return Object.values(getNamedType(field.type).getFields())
    .filter(({ type }) => shown.has(getNamedType(type).name))
    .map(({ name }) => `'${name}'`)
}

const doc = (lines) => `/**\n${lines.map((line) => ` * ${line.replaceAll('*/', '*\\/')}`).join('\n')}\n */\n`
const described = ({ field, kind }, more = []) =>
  doc([
    ...(field.description ?? field.name).split('\n'),
    ...(field.deprecationReason ? [`@deprecated ${field.deprecationReason}`] : []),
    ...more,
    ...(kind === 'mutation' ? ['@throws UserErrorsError when it is refused.'] : []),
  ])

const resultType = (operation) => {
  const { name, kind, type } = operation
  const of = `Types.${type}['${name}']`
  return `export type ${pascal(name)}Result = ${kind === 'query' ? of : `Succeeded<${[of, kept(operation).join(' | ')].filter(Boolean).join(', ')}>`}\n`
}

const inputType = ({ args }) => `Types.${getNamedType(args[0].type).name}${isNonNullType(args[0].type) ? '' : ' | null'}`

/** The argument between the client and the options; empty when there is none. */
const argument = ({ kind, field, type, hasVariables, isOptional }) => {
  if (!hasVariables) return ''
  const [name, of] = kind === 'mutation' ? ['input', inputType(field)] : ['variables', `Types.${type}Variables`]
  return `${name}${isOptional ? '?' : ''}: ${of}`
}

const isBare = ({ kind, hasVariables }) => kind === 'mutation' && hasVariables

function functionOf(operation) {
  const { name, kind, text, hasVariables } = operation
  const parts = [`name: '${name}'`, `kind: '${kind}'`, ...(isBare(operation) ? [`bare: 'input'`] : []), `text: ${JSON.stringify(text)}`]
  const passed = isBare(operation) ? '{ input }' : hasVariables ? 'variables' : '{}'
  const parameters = ['client: Client', argument(operation), 'options?: CallOptions'].filter(Boolean).join(', ')
  return [
    `const ${name}Operation: Operation = { ${parts.join(', ')} }\n`,
    resultType(operation),
    `${described(operation)}export const ${name} = (${parameters}): Promise<${pascal(name)}Result> => client.execute(${name}Operation, ${passed}, options)\n`,
  ].join('\n')
}

function hookOf(operation) {
  const { name, kind, field, hasVariables, isOptional } = operation
  const result = `Operations.${pascal(name)}Result`
  if (kind === 'mutation') {
    const input = hasVariables ? `${inputType(field)}${isOptional ? ' | undefined' : ''}` : 'undefined'
    const run = hasVariables ? `Operations.${name}` : `(client, _, options) => Operations.${name}(client, options)`
    return `${described(operation)}export const use${pascal(name)} = (options?: MutationHookOptions<${result}>): MutationHook<${input}, ${result}> => useOrder(${run}, options)\n`
  }
  const run = `(client, call) => Operations.${name}(client, ${hasVariables ? `variables${isOptional ? ' ?? {}' : ''}, ` : ''}call)`
  const parameters = [argument(operation), `options?: QueryHookOptions<${result}, T>`].filter(Boolean).join(', ')
  return `${described(operation)}export const use${pascal(name)} = <T = ${result}>(${parameters}): UseQueryResult<T, KeyhouseError> => useOperation('${name}', ${run}, ${hasVariables ? 'variables' : 'undefined'}, options)\n`
}

/** As a literal: nothing of graphql runs where it is used, and what is not used is shaken off. */
const documentOf = (operation) =>
  `${doc((operation.field.description ?? '').split('\n'))}export const ${pascal(operation.name)}Document = ${JSON.stringify(operation.document)} as unknown as TypedDocument<Types.${operation.type}, Types.${operation.type}Variables>\n`

const writers = {
  operations: [
    functionOf,
    `import type { CallOptions, Client } from '../client.js'\nimport type { Operation, Succeeded } from '../operation.js'\nimport type * as Types from './types.js'\n`,
  ],
  hooks: [
    hookOf,
    `import type { UseQueryResult } from '@tanstack/react-query'\n\nimport type { KeyhouseError } from '../errors.js'\nimport { useOperation, useOrder } from '../hooks.js'\nimport type { MutationHook, MutationHookOptions, QueryHookOptions } from '../hooks.js'\nimport * as Operations from './operations.js'\nimport type * as Types from './types.js'\n`,
  ],
  documents: [documentOf, `import type { TypedDocument } from '../typed-document.js'\nimport type * as Types from './types.js'\n`],
}

export function plugin(schema, documents, { kind }) {
  const [write, head] = writers[kind]
  return `${head}\n${documents.map((document) => write(operationOf(document, schema))).join('\n')}`
}
