/** A graphql-codegen plugin that writes one function, one hook and one document for each operation. */
import { getNamedType, isNonNullType, print, stripIgnoredCharacters, typeFromAST } from 'graphql'

import { pascal } from './names.js'

/** Scalars of values that are shown only once. */
const secretScalars = new Set(['Secret', 'JWT'])

/** Describes a document's operation for the writers below. @throws Error if the document breaks the conventions */
function describeOperation({ location, document }, schema) {
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

/** Payload fields that are null when an idempotency key is repeated. */
function nullableOnReplay({ field }) {
  const input = field.args.find(({ name }) => name === 'input')
  const fields = input ? getNamedType(input.type).getFields() : {}
  if (!('idempotencyKey' in fields)) return []
  return Object.values(getNamedType(field.type).getFields())
    .filter(({ type }) => secretScalars.has(getNamedType(type).name))
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

/** Types of results that say more than the schema can. */
const refinedTypes = { viewer: (of) => `import('../viewer.js').ViewerByKind<NonNullable<${of}>>` }

const resultType = (operation) => {
  const { name, kind, type } = operation
  const of = `Types.${type}['${name}']`
  return `export type ${pascal(name)}Result = ${kind === 'query' ? (refinedTypes[name]?.(of) ?? of) : `MutationResult<${[of, nullableOnReplay(operation).join(' | ')].filter(Boolean).join(', ')}>`}\n`
}

const inputType = ({ args }) => `Types.${getNamedType(args[0].type).name}${isNonNullType(args[0].type) ? '' : ' | null'}`

/** The function's parameter between the client and the options; empty if there is none. */
const argument = ({ kind, field, type, hasVariables, isOptional }) => {
  if (!hasVariables) return ''
  const [name, of] = kind === 'mutation' ? ['input', inputType(field)] : ['variables', `Types.${type}Variables`]
  return `${name}${isOptional ? '?' : ''}: ${of}`
}

const takesInput = ({ kind, hasVariables }) => kind === 'mutation' && hasVariables

function functionOf(operation) {
  const { name, kind, text, hasVariables } = operation
  const parts = [
    `name: '${name}'`,
    `kind: '${kind}'`,
    ...(takesInput(operation) ? [`inputVariable: 'input'`] : []),
    `text: ${JSON.stringify(text)}`,
  ]
  const passed = takesInput(operation) ? '{ input }' : hasVariables ? 'variables' : '{}'
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
    return `${described(operation)}export const use${pascal(name)} = (options?: MutationHookOptions<${result}>): MutationHook<${input}, ${result}> => useKeyhouseMutation(${run}, options)\n`
  }
  const given = [argument(operation)].filter(Boolean)
  const passed = hasVariables ? 'variables' : 'undefined'
  const run = `(client, call) => Operations.${name}(client, ${hasVariables ? `variables${isOptional ? ' ?? {}' : ''}, ` : ''}call)`
  const hook = (variant) =>
    `${described(operation)}export const use${variant}${pascal(name)} = <T = ${result}>(${[...given, `options?: ${variant}QueryHookOptions<${result}, T>`].join(', ')}): Use${variant}QueryResult<T, KeyhouseError> => useKeyhouse${variant}Query('${name}', ${run}, ${passed}, options)\n`
  return [hook(''), hook('Suspense'), ...(isConnection(field) ? [infiniteHookOf(operation)] : [])].join('\n')
}

const isConnection = ({ type, args }) => getNamedType(type).name.endsWith('Connection') && args.some(({ name }) => name === 'after')

/** A list's hook that loads page after page. The cursors are its own. */
function infiniteHookOf(operation) {
  const { name, type, isOptional } = operation
  const result = `Operations.${pascal(name)}Result`
  const variables = `Omit<Types.${type}Variables, 'after' | 'before' | 'last'>`
  return `${described(operation)}export const useInfinite${pascal(name)} = <T = InfiniteData<${result}>>(variables${isOptional ? '?' : ''}: ${variables}, options?: InfiniteQueryHookOptions<${result}, T>): UseInfiniteQueryResult<T, KeyhouseError> => useKeyhouseInfiniteQuery('${name}', (client, page, call) => Operations.${name}(client, { ...variables, ...page }, call), variables, options)\n`
}

/** Writes the parsed document as a literal, so that the bundle needs no GraphQL parser and unused documents are tree-shaken. */
const documentOf = (operation) =>
  `${doc((operation.field.description ?? '').split('\n'))}export const ${pascal(operation.name)}Document = ${JSON.stringify(operation.document)} as unknown as TypedDocument<Types.${operation.type}, Types.${operation.type}Variables>\n`

const writers = {
  operations: [
    functionOf,
    `import type { CallOptions, Client } from '../client.js'\nimport type { Operation, MutationResult } from '../operation.js'\nimport type * as Types from './types.js'\n`,
  ],
  hooks: [
    hookOf,
    `import type { InfiniteData, UseInfiniteQueryResult, UseQueryResult, UseSuspenseQueryResult } from '@tanstack/react-query'

import type { KeyhouseError } from '../errors.js'
import { useKeyhouseMutation } from '../mutation-hooks.js'
import type { MutationHook, MutationHookOptions } from '../mutation-hooks.js'
import { useKeyhouseInfiniteQuery, useKeyhouseQuery, useKeyhouseSuspenseQuery } from '../query-hooks.js'
import type { InfiniteQueryHookOptions, QueryHookOptions, SuspenseQueryHookOptions } from '../query-hooks.js'
import * as Operations from './operations.js'
import type * as Types from './types.js'
`,
  ],
  documents: [documentOf, `import type { TypedDocument } from '../typed-document.js'\nimport type * as Types from './types.js'\n`],
}

export function plugin(schema, documents, { kind }) {
  const [write, head] = writers[kind]
  return `${head}\n${documents.map((document) => write(describeOperation(document, schema))).join('\n')}`
}
