/** Lints the descriptions of the GraphQL schema, which clients get as documentation: wording, length, units and limits. */
import { describe, expect, test } from '@jest/globals'
import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedType,
} from 'graphql'

import { maxPermissionLength } from '../../src/access/permissions.js'
import { maxRateLimit } from '../../src/api-keys/api-key-rules.js'
import { maxTokenTtlSeconds } from '../../src/entities/access-token.js'
import { maxListedIds } from '../../src/journal/gathered-refusals.js'
import { maxSingleEvents } from '../../src/journal/refusal-journal.js'
import { isExternalId } from '../../src/lib/external-id.js'
import { windowLengthsMs } from '../../src/lib/fixed-window.js'
import { approvalTtlSeconds } from '../../src/mcp/approvals/approve-tool-call.js'
import { minPreviewedLength } from '../../src/mcp/credentials/credential-value.js'
import { invitationTtlSeconds } from '../../src/members/invite-member.js'
import { personalTokenTtlSeconds } from '../../src/personal-tokens/create-personal-token.js'
import { loginTtlSeconds, revealWindowSeconds } from '../../src/personal-tokens/issue-personal-token.js'
import { buildSchema } from '../../src/schema.js'
import { usageRetentionDays } from '../../src/usage/delete-expired-usage.js'
import { maxEmailLength, maxUrlLength } from '../../src/validation/validator.js'

interface Described {
  /** GraphQL coordinates: `Type`, `Type.field`, `Type.field(argument:)`, `Enum.VALUE`. */
  readonly at: string
  readonly text: string
  /** The named type of a field, argument or input field. */
  readonly type?: string
}

type Member = GraphQLField<unknown, unknown> | GraphQLArgument | GraphQLInputField

const member = (at: string, { description, type }: Member): Described => ({ at, text: description ?? '', type: getNamedType(type).name })

function membersOf(type: GraphQLNamedType): Described[] {
  if (isEnumType(type)) return type.getValues().map(({ name, description }) => ({ at: `${type.name}.${name}`, text: description ?? '' }))
  if (isInputObjectType(type)) return Object.values(type.getFields()).map((field) => member(`${type.name}.${field.name}`, field))
  if (!isObjectType(type) && !isInterfaceType(type)) return []
  return Object.values(type.getFields()).flatMap((field) => {
    const at = `${type.name}.${field.name}`
    return [member(at, field), ...field.args.map((arg) => member(`${at}(${arg.name}:)`, arg))]
  })
}

const all = Object.values(buildSchema().getTypeMap())
  .filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type))
  .flatMap((type): Described[] => [{ at: type.name, text: type.description ?? '' }, ...membersOf(type)])

/** Prose alone: a code span counts as one word, and its numbers need no unit. */
const prose = (text: string): string => text.replaceAll(/`[^`]*`/g, 'code')

const questionOpening = /^(What|Which|Who|Whom|Whose|Those|Until|How|Why|When|Whether|Everybody|Nobody)\b/i
const maxSentenceWords = 25

const sentences = (text: string): string[] => prose(text).split(/(?<=[.!?])\s+/)
const wordCount = (sentence: string): number => sentence.split(/\s+/).filter((word) => /\w/.test(word)).length

/** Numbers that count nothing: `RFC 9110`, `SHA-256`, `§4.1`, `HTTP status 401 or 403`, `OAuth 2.0`. */
const standards = /\bHTTP(?: status)? \d{3}(?: or \d{3})*|\b(?:RFC|ISO|OAuth|TLS|PKCS) ?#?\d+(?:\.\d+)*|\b[A-Za-z]+-\d+\b|§\d+(?:\.\d+)*/g
const quantity = /(?<![\w.])\d+(?:,\d{3})*(?: (?:to|or) \d+(?:,\d{3})*)?(?:[ -](?<unit>[A-Za-z]+))?/g
const connectives = new Set('to and or for of in after before when unless if per as by with is are that from'.split(' '))

/** Quantities of a text that no unit or counted noun follows. */
const bareNumbers = (text: string): string[] =>
  [...prose(text).replaceAll(standards, 'standard').matchAll(quantity)]
    .filter(({ groups }) => connectives.has(groups?.['unit'] ?? 'to'))
    .map(([match]) => match)

const unitOrRange =
  /\b(milliseconds?|seconds?|minutes?|hours?|days?|bytes?|KiB|MiB|characters?|number of|at most|at least|from \d+|\d+ to \d+)\b/i

/** Numbers without unit and range, each with the reason. */
const plainNumbers: Readonly<Record<string, string>> = {
  'McpTestFailure.httpStatus': 'a status code counts nothing',
  'McpCredentialHealth.lastStatus': 'a status code counts nothing',
}

const failing = (fails: (described: Described) => boolean): string[] =>
  all.filter((described) => fails(described)).map(({ at, text }) => `${at}: ${text}`)

describe('each description', () => {
  test('exists', () => expect(failing(({ text }) => text.trim() === '')).toEqual([]))

  test('ends with a full stop', () => expect(failing(({ text }) => !text.trim().endsWith('.'))).toEqual([]))

  test('opens with a noun or verb, not with a question word', () => {
    expect(failing(({ text }) => questionOpening.test(text.trim()))).toEqual([])
  })

  test(`has sentences of at most ${maxSentenceWords} words`, () => {
    expect(failing(({ text }) => sentences(text).some((sentence) => wordCount(sentence) > maxSentenceWords))).toEqual([])
  })

  test('gives a unit for every number', () => expect(failing(({ text }) => bareNumbers(text).length > 0)).toEqual([]))

  test('of an Int or Float names a unit or a range', () => {
    const fails = ({ at, text, type }: Described): boolean =>
      (type === 'Int' || type === 'Float') && !unitOrRange.test(text) && !Object.hasOwn(plainNumbers, at)
    expect(failing(fails)).toEqual([])
  })

  test('without a unit is of a number that exists', () => {
    expect(Object.keys(plainNumbers).filter((name) => !all.some(({ at }) => at === name))).toEqual([])
  })
})

test('the lint finds what it looks for', () => {
  expect(bareNumbers('At most 300. From 1 to 500 of them; up to 20, and 5 for each.')).toHaveLength(4)
  expect(
    bareNumbers('Window of 1 second: 1 to 1,000,000 requests (RFC 9110), a 5-minute window, SHA-256, HTTP 401 or 403 and `0 to 3`.'),
  ).toEqual([])
  expect(sentences('Reads `a. b`. Then stops.').map((sentence) => wordCount(sentence))).toEqual([2, 2])
  expect(['Which key.', 'Until when.', 'Nobody.', 'Key.'].map((text) => questionOpening.test(text))).toEqual([true, true, true, false])
})

/** Limits that descriptions below the layer of their constants repeat: they must be equal to the constants. */
const minute = 60
const hour = 3600
const day = 86_400
const limits: Readonly<Record<string, readonly number[]>> = {
  'RateLimit.max': [1, maxRateLimit],
  URL: [maxUrlLength],
  EmailAddress: [maxEmailLength],
  Permission: [maxPermissionLength],
  'AccessToken.expiresAt': [maxTokenTtlSeconds],
  'PersonalTokenType.LOGIN': [loginTtlSeconds / hour],
  'PersonalTokenType.FULL_ACCESS': [personalTokenTtlSeconds.FULL_ACCESS.max / day],
  'PersonalTokenType.RESTRICTED': [personalTokenTtlSeconds.RESTRICTED.max / day],
  'PersonalTokenType.EPHEMERAL': [personalTokenTtlSeconds.EPHEMERAL.max / hour],
  'PersonalToken.visibleUntil': [revealWindowSeconds / minute],
  'Invitation.expiresAt': [invitationTtlSeconds / day],
  'McpToolApproval.expiresAt': [approvalTtlSeconds / minute, approvalTtlSeconds / minute],
  'McpToolApprovalStatus.DENIED': [approvalTtlSeconds / minute],
  'McpCredential.authorizationPreview': [minPreviewedLength],
  AuditEvent: [maxSingleEvents, minute],
  'AuditEvent.details': [maxListedIds],
  'RateLimitWindow.DAY': [windowLengthsMs.DAY / 1000],
  'UsageInterval.MINUTE': [minute, usageRetentionDays.MINUTE],
  'UsageInterval.HOUR': [hour, usageRetentionDays.HOUR],
}

const numbersIn = (text: string): number[] =>
  [
    ...prose(text)
      .replaceAll(standards, '')
      .matchAll(/(?<![\w.])\d+(?:,\d{3})*/g),
  ].map(([digits]) => Number(digits.replaceAll(',', '')))

describe('limits', () => {
  test.each(Object.entries(limits))('of %s are those in the code', (at, expected) => {
    expect(numbersIn(all.find((described) => described.at === at)?.text ?? '')).toEqual(expected)
  })

  test('of EndUser.externalId are those in the code', () => {
    const [min, max] = numbersIn(all.find(({ at }) => at === 'EndUser.externalId')?.text ?? '') as [number, number]
    const lengths = [min - 1, min, max, max + 1]
    expect(lengths.map((length) => isExternalId('a'.repeat(length)))).toEqual([false, true, true, false])
  })
})
