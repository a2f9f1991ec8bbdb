/**
 * The scalars of the API. Texts with rules of their own (URLs, permissions, e-mail addresses) pass unchanged here
 * and are checked by the verb that takes them, so that a fault comes back as a `userErrors` entry with its path.
 */
import { GraphQLError, GraphQLScalarType, Kind } from 'graphql'
import { GraphQLDateTime, GraphQLJSONObject } from 'graphql-scalars'

import { Secret } from '../lib/secret.js'

// The messages below name the type alone: an error that quotes what was sent could quote a secret.
const asText = (name: string, value: unknown): string => {
  if (typeof value !== 'string') throw new GraphQLError(`${name} must be a string.`)
  return value
}

const textScalar = (name: string, description: string, specifiedByURL?: string): GraphQLScalarType<string, string> =>
  new GraphQLScalarType({
    name,
    description,
    specifiedByURL: specifiedByURL ?? null,
    serialize: (value) => asText(name, value),
    parseValue: (value) => asText(name, value),
    parseLiteral: (node) => asText(name, node.kind === Kind.STRING ? node.value : undefined),
  })

export const UrlScalar = textScalar(
  'URL',
  'An absolute URL (RFC 3986). Validated, and kept exactly as written.',
  'https://www.rfc-editor.org/rfc/rfc3986',
)
export const EmailScalar = textScalar('EmailAddress', 'An e-mail address of at most 320 characters. Compared without regard to case.')
export const JwtScalar = textScalar('JWT', 'A signed JSON Web Token in compact form (RFC 7519).', 'https://www.rfc-editor.org/rfc/rfc7519')
export const PermissionScalar = textScalar(
  'Permission',
  '`resource:action`, such as `api_key:read` or `agent:create`. Where permissions are granted, `resource:*`, `application:*` (every permission of your own) and `*` are accepted too.',
)

/** What the mask lets through as it is (http/error-texts.ts). */
export const secretLiteralMessage = 'A Secret must be sent in a variable, never written into the document.'

export const SecretScalar = new GraphQLScalarType<Secret, string>({
  name: 'Secret',
  description:
    'A secret text. Accepted in variables only, never as a literal in the document, since documents are logged and kept in histories. Returned once, by the mutation that issued it.',
  serialize: (value) => (value instanceof Secret ? value.reveal() : asText('Secret', undefined)),
  parseValue: (value) => new Secret(asText('Secret', value)),
  parseLiteral: () => {
    throw new GraphQLError(secretLiteralMessage)
  },
})

const dateTime = GraphQLDateTime.toConfig()

/** RFC 3339 §5.6 writes years with four digits, and PostgreSQL knows no year 0: a time zone may lead beyond either end. */
const withinFourDigits = (moment: Date): Date => {
  const year = moment.getUTCFullYear()
  if (year < 1 || year > 9999) throw new GraphQLError('DateTime must be within the years 1 to 9999 (UTC).')
  return moment
}

export const DateTimeScalar = new GraphQLScalarType<Date, string>({
  ...dateTime,
  // A text at once: as part of an answer a Date costs three times as much.
  serialize: (value) => GraphQLDateTime.serialize(value).toISOString(),
  parseValue: (value) => withinFourDigits(GraphQLDateTime.parseValue(value)),
  parseLiteral: (node, variables) => withinFourDigits(GraphQLDateTime.parseLiteral(node, variables)),
  description: 'A moment in time, in RFC 3339 form with a time zone: `2026-05-01T12:00:00.000Z`.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339',
})

export const JsonObjectScalar = new GraphQLScalarType({ ...GraphQLJSONObject.toConfig(), description: 'A JSON object (RFC 8259).' })
