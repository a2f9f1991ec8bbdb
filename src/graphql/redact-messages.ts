/** What graphql-js says of a request, without what was found in it, which may be anything, a secret too. */
import { isEnumType, isInputObjectType, isInterfaceType, isObjectType, type GraphQLSchema } from 'graphql'

import { secretLiteralMessage } from '../entities/scalars.js'
import type { RequestErrorCode } from '../lib/errors.js'

/** Longer words are told only when they are the schema's: a key has 46 characters. */
const maxUnknownWordLength = 30

const vocabularies = new WeakMap<GraphQLSchema, ReadonlySet<string>>()

function buildVocabulary(schema: GraphQLSchema): ReadonlySet<string> {
  let words = vocabularies.get(schema)
  if (!words) {
    const found = Object.values(schema.getTypeMap()).flatMap((type) => {
      if (isEnumType(type)) return [type.name, ...type.getValues().map(({ name }) => name)]
      if (isInputObjectType(type)) return [type.name, ...Object.keys(type.getFields())]
      if (!isObjectType(type) && !isInterfaceType(type)) return [type.name]
      return [type.name, ...Object.values(type.getFields()).flatMap(({ name, args }) => [name, ...args.map((argument) => argument.name)])]
    })
    vocabularies.set(schema, (words = new Set(found)))
  }
  return words
}

/** A name helps to find a misspelling; a long one that is nobody's name may be a secret in the wrong place. */
export function redactUnknownWords(schema: GraphQLSchema, message: string): string {
  return message.replaceAll(/[\w-]+/g, (word) => (word.length <= maxUnknownWordLength || buildVocabulary(schema).has(word) ? word : '…'))
}

/** Texts of Apollo Server that do not say what to do. */
const clearerTexts: Readonly<Record<string, string>> = {
  'Unsupported persisted query version':
    '"extensions.persistedQuery" must have "version" 1 and a "sha256Hash" of 64 hexadecimal digits in lower case.',
  'provided sha does not match query': '"extensions.persistedQuery.sha256Hash" must be the SHA-256 of "query".',
}
export const clearerText = (message: string): string => clearerTexts[message] ?? message

export function redactValues(code: RequestErrorCode, message: string): string {
  // So deep that the parser ran out of stack.
  if (code === 'GRAPHQL_PARSE_FAILED' && !message.startsWith('Syntax Error')) return 'This document cannot be parsed.'
  if (code === 'GRAPHQL_PARSE_FAILED') return message.replace(/(, found|:? ").*$/s, '').replace(/\.?$/, '.')
  if (code !== 'GRAPHQL_VALIDATION_FAILED') return message
  // The value follows when graphql-js wraps the sentence in its own.
  if (message.includes(secretLiteralMessage)) return secretLiteralMessage
  const [, type] = /^Expected value of type "([^"]+)", found /.exec(message) ?? []
  if (type !== undefined) return `Expected a value of type "${type}".`
  // The value of an enum is written like a name, and quoted as one.
  if (message.startsWith('Value "')) return 'This literal is not a value of the enum that is expected here.'
  return /cannot represent|does not exist in "|must be a string/.test(message)
    ? 'This literal is not of the type that is expected here.'
    : message
}
