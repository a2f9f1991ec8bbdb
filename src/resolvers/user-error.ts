/** Domain errors of mutations as `userErrors` of the payload, so that one refusal does not null the other root fields. */
import { Field, ObjectType, registerEnumType } from 'type-graphql'

import { userErrorCodes, type UserErrorCode } from '../lib/errors.js'

const descriptions: Readonly<Record<UserErrorCode, string>> = {
  INVALID: 'An argument is invalid. `path` names it and `message` the rule.',
  NOT_FOUND: 'No object with this id, or with this secret, is visible to the caller.',
  CONFLICT: 'The object conflicts with an existing one, such as a project with the same slug.',
  INVALID_STATE: 'The state of the object does not allow this: it is revoked, expired, used or decided.',
  FORBIDDEN: 'The caller is not allowed to do this. `message` names the missing permission or the reason.',
  PERMISSION_NOT_HELD: 'The caller cannot grant permissions or projects that it does not hold. `message` names missing permissions.',
  PRODUCTION_NOT_SUPPORTED: 'The operation is for the sandbox, and the credential is for production.',
  ENVIRONMENT_MISMATCH: '`input.environment` is not the environment of the credential. Use a credential of that environment.',
  ALREADY_REVEALED: 'The time to reveal this personal token again, its `visibleUntil`, has passed.',
  LIMIT_EXCEEDED: 'A limit on the number of objects or requests is reached.',
  URL_NOT_ALLOWED: 'The URL is not allowed: a private address, http, or an audience that the API key does not allow.',
  IDEMPOTENCY_CONFLICT: 'The idempotency key was used before with another input.',
}
const UserErrorCodes = Object.fromEntries(userErrorCodes.map((code) => [code, code])) as { [K in UserErrorCode]: K }
registerEnumType(UserErrorCodes, {
  name: 'UserErrorCode',
  description: 'Machine-readable reason of a refused mutation.',
  valuesConfig: Object.fromEntries(userErrorCodes.map((code) => [code, { description: descriptions[code] }])),
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
