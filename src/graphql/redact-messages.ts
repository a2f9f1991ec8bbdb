/** Redacts values of the request from the error messages of graphql-js: they may be secrets. */
import { isEnumType, isInputObjectType, isInterfaceType, isObjectType, type GraphQLSchema } from 'graphql'

import { secretLiteralMessage } from '../entities/scalars.js'
import type { RequestErrorCode } from '../lib/error-codes.js'

/** Longer words are kept only when the schema contains them. An API key has 46 characters. */
const maxUnknownWordLength = 30

const vocabularies = new WeakMap<GraphQLSchema, ReadonlySet<string>>()

/** Every name of the schema: types, fields, arguments and enum values. Cached by schema. */
function getVocabulary(schema: GraphQLSchema): ReadonlySet<string> {
  let vocabulary = vocabularies.get(schema)
  if (!vocabulary) {
    const names = Object.values(schema.getTypeMap()).flatMap((type) => {
      if (isEnumType(type)) return [type.name, ...type.getValues().map(({ name }) => name)]
      if (isInputObjectType(type)) return [type.name, ...Object.keys(type.getFields())]
      if (!isObjectType(type) && !isInterfaceType(type)) return [type.name]
      return [type.name, ...Object.values(type.getFields()).flatMap(({ name, args }) => [name, ...args.map((argument) => argument.name)])]
    })
    vocabularies.set(schema, (vocabulary = new Set(names)))
  }
  return vocabulary
}

/** Keeps short words, since they help to find a misspelling. A long word that the schema lacks may be a misplaced secret. */
export function redactUnknownWords(schema: GraphQLSchema, message: string): string {
  return message.replaceAll(/[\w-]+/g, (word) => (word.length <= maxUnknownWordLength || getVocabulary(schema).has(word) ? word : '…'))
}

/** Replaces messages of Apollo Server that do not say what to do. */
const clearerTexts: Readonly<Record<string, string>> = {
  'Unsupported persisted query version':
    '"extensions.persistedQuery" must have "version" 1 and a "sha256Hash" of 64 hexadecimal digits in lower case.',
  'provided sha does not match query': '"extensions.persistedQuery.sha256Hash" must be the SHA-256 of "query".',
}

export const toPublicMessage = (message: string): string => clearerTexts[message] ?? message

/** Removes literals of the document from a message. */
export function redactValues(code: RequestErrorCode, message: string): string {
  // Nested so deeply that the parser ran out of stack.
  if (code === 'GRAPHQL_PARSE_FAILED' && !message.startsWith('Syntax Error'))
    return 'The document cannot be parsed. Check its GraphQL syntax.'
  if (code === 'GRAPHQL_PARSE_FAILED') return message.replace(/(, found|:? ").*$/s, '').replace(/\.?$/, '.')
  if (code !== 'GRAPHQL_VALIDATION_FAILED') return message
  // graphql-js wraps this message in its own, which ends with the value.
  if (message.includes(secretLiteralMessage)) return secretLiteralMessage
  const [, type] = /^Expected value of type "([^"]+)", found /.exec(message) ?? []
  if (type !== undefined) return `Expected a value of type "${type}".`
  // graphql-js quotes an enum literal like a name.
  if (message.startsWith('Value "')) return 'The literal is not a value of the expected enum. See the schema for its values.'
  return /cannot represent|does not exist in "|must be a string/.test(message)
    ? 'The literal is not of the expected type. See the schema for the type.'
    : message
}
