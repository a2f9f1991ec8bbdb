/**
 * GraphQL scalars. URL, EmailAddress and Permission accept every string: the operation validates them, so that an error is a
 * `userErrors` entry with its path.
 */
import { GraphQLError, GraphQLScalarType, Kind } from 'graphql'
import { GraphQLDateTime, GraphQLJSONObject } from 'graphql-scalars'

import { Secret } from '../lib/secret.js'

// Messages name the type alone: quoting the value could leak a secret.
const assertString = (name: string, value: unknown): string => {
  if (typeof value !== 'string') throw new GraphQLError(`${name} must be a string.`)
  return value
}

const stringScalar = (name: string, description: string, specifiedByURL?: string): GraphQLScalarType<string, string> =>
  new GraphQLScalarType({
    name,
    description,
    specifiedByURL: specifiedByURL ?? null,
    serialize: (value) => assertString(name, value),
    parseValue: (value) => assertString(name, value),
    parseLiteral: (node) => assertString(name, node.kind === Kind.STRING ? node.value : undefined),
  })

export const UrlScalar = stringScalar(
  'URL',
  'Absolute URL (RFC 3986) of at most 2,048 characters. Stored and returned exactly as written.',
  'https://www.rfc-editor.org/rfc/rfc3986',
)
export const EmailScalar = stringScalar('EmailAddress', 'E-mail address of at most 320 characters. Compared without regard to case.')
export const JwtScalar = stringScalar(
  'JWT',
  'Signed JSON Web Token in compact form (RFC 7519). Returned once. `revealPersonalToken` returns personal tokens again.',
  'https://www.rfc-editor.org/rfc/rfc7519',
)
export const PermissionScalar = stringScalar(
  'Permission',
  'Permission in the form `resource:action`, such as `api_key:read` or `agent:create`: at most 150 characters. Grants also accept `resource:*`, `application:*` (every permission of your own services) and `*`.',
)

/** Exempt from message redaction (graphql/redact-messages.ts). */
export const secretLiteralMessage = 'A Secret must be sent in a variable, not as a literal in the document.'

export const SecretScalar = new GraphQLScalarType<Secret, string>({
  name: 'Secret',
  description:
    'Secret string. Accepted in variables only, since documents are logged: a literal in the document is refused. Returned once, by the mutation that issued it.',
  serialize: (value) => (value instanceof Secret ? value.reveal() : assertString('Secret', undefined)),
  parseValue: (value) => new Secret(assertString('Secret', value)),
  parseLiteral: () => {
    throw new GraphQLError(secretLiteralMessage)
  },
})

const dateTime = GraphQLDateTime.toConfig()

/** RFC 3339 §5.6 has four-digit years and PostgreSQL has no year 0. A time zone offset can lead outside either end. */
const assertFourDigitYear = (moment: Date): Date => {
  const year = moment.getUTCFullYear()
  if (year < 1 || year > 9999) throw new GraphQLError('DateTime must be within the years 1 to 9999 (UTC).')
  return moment
}

export const DateTimeScalar = new GraphQLScalarType<Date, string>({
  ...dateTime,
  // Serialized to a string here: a Date in the response costs three times as much.
  serialize: (value) => GraphQLDateTime.serialize(value).toISOString(),
  parseValue: (value) => assertFourDigitYear(GraphQLDateTime.parseValue(value)),
  parseLiteral: (node, variables) => assertFourDigitYear(GraphQLDateTime.parseLiteral(node, variables)),
  description:
    'Date and time with a time zone (RFC 3339), such as `2026-05-01T12:00:00.000Z`. Responses use UTC with milliseconds. Accepts `0001-01-01` to `9999-12-31` in UTC.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339',
})

export const JsonObjectScalar = new GraphQLScalarType({
  ...GraphQLJSONObject.toConfig(),
  description: 'JSON object (RFC 8259).',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259',
})
