/** GraphQL input of the end users of an API key, and the rule of its allowed addresses. */
import { Extensions, Field, InputType, registerEnumType } from 'type-graphql'

import {
  endUserPresets,
  maxAllowedIps,
  maxEndUserPrefixLength,
  maxListedBytes,
  maxListedEndUsers,
  type EndUsersInput,
} from '../api-keys/key-scope-input.js'
import { formatCount, formatLength } from './descriptions.js'

export const allowedIpsRule = `Addresses that requests with the key must come from: 1 to ${maxAllowedIps} IPv4 or IPv6 addresses or CIDR blocks. Tokens exchanged from the key are not bound to them`

const ApiKeyEndUserPreset = Object.fromEntries(endUserPresets.map((preset) => [preset, preset]))
registerEnumType(ApiKeyEndUserPreset, {
  name: 'ApiKeyEndUserPreset',
  description: 'End users of an API key that need no list.',
  valuesConfig: {
    ANYONE: { description: 'Every end user.' },
    NOBODY: { description: 'No end user: the key can be exchanged for itself alone.' },
  },
})

@InputType('ApiKeyEndUsersInput', { description: 'End users that an API key may act for and name. Exactly one field must be set.' })
@Extensions({ isOneOf: true })
export class ApiKeyEndUsersInput implements EndUsersInput {
  @Field(() => ApiKeyEndUserPreset, { nullable: true, description: 'Every end user, or none.' })
  preset?: (typeof endUserPresets)[number] | null

  @Field(() => [String], {
    nullable: true,
    description: `External ids, compared byte for byte: 1 to ${maxListedEndUsers} entries, at most ${formatCount(maxListedBytes)} bytes in total.`,
  })
  externalIds?: string[] | null

  @Field(() => String, {
    nullable: true,
    description: `Prefix of external ids, compared byte for byte: ${formatLength(maxEndUserPrefixLength)} of printable ASCII.`,
  })
  prefix?: string | null
}
