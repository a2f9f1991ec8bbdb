/** Domain errors of mutations as `userErrors` of the payload, so that one refusal does not null the other root fields. */
import { Field, ObjectType, registerEnumType } from 'type-graphql'

import { userErrorDescriptions, type UserErrorCode } from '../lib/error-codes.js'

const UserErrorCodes = Object.fromEntries(Object.keys(userErrorDescriptions).map((code) => [code, code])) as { [K in UserErrorCode]: K }
registerEnumType(UserErrorCodes, {
  name: 'UserErrorCode',
  description: 'Machine-readable reason of a refused mutation. Later versions can add values: handle unknown ones by `message`.',
  valuesConfig: Object.fromEntries(
    Object.entries(userErrorDescriptions).map(([code, { cause, remedy }]) => [code, { description: `${cause} ${remedy}` }]),
  ),
})

@ObjectType('UserError', { simpleResolvers: true, description: 'Error that the caller can correct. The mutation changed nothing.' })
export class UserError {
  @Field(() => UserErrorCodes, { description: 'Machine-readable reason.' })
  code!: UserErrorCode

  @Field(() => String, { description: 'English message for people. It names the rule and never repeats a secret.' })
  message!: string

  @Field(() => [String], {
    nullable: true,
    description: 'Path of the invalid argument, such as `["input", "permissions", "0"]`. Null if no single argument is at fault.',
  })
  path!: readonly string[] | null
}

/** Base of all payloads. A resolver leaves `userErrors` out: the global middleware adds it. */
@ObjectType()
export abstract class Payload {
  @Field(() => [UserError], { description: 'Errors that the caller can correct. Empty on success. If not empty, nothing was changed.' })
  userErrors?: readonly UserError[]
}
