/** How a mutation says no: in its payload, so that one refusal does not null the answers of its neighbours. */
import type { GraphQLFieldResolver } from 'graphql'
import { Field, ObjectType, registerEnumType } from 'type-graphql'

import type { Context } from '../context/context.js'
import { DomainError, RequestError, userErrorCodes, type UserErrorCode } from '../lib/errors.js'

const descriptions: Readonly<Record<UserErrorCode, string>> = {
  INVALID: 'The input breaks a rule; `path` tells where.',
  NOT_FOUND: 'There is no such thing, or none that you can see.',
  CONFLICT: 'Something of the kind is there already.',
  INVALID_STATE: 'It is too late or too early for this: revoked, expired, used.',
  FORBIDDEN: 'You may not do this; the message names the permission that it needs.',
  PERMISSION_NOT_HELD: 'You cannot grant or request what you do not hold; the message names it.',
  PRODUCTION_NOT_SUPPORTED: 'Only sandbox callers may run this.',
  ENVIRONMENT_MISMATCH: 'The credential works in the other environment.',
  ALREADY_REVEALED: 'The window in which the token could be seen again has closed.',
  LIMIT_EXCEEDED: 'There is a limit to how many or how often.',
  URL_NOT_ALLOWED: 'This URL is not one that may be used here.',
  IDEMPOTENCY_CONFLICT: 'The idempotency key was used with another input.',
}
const UserErrorCodes = Object.fromEntries(userErrorCodes.map((code) => [code, code])) as { [K in UserErrorCode]: K }
registerEnumType(UserErrorCodes, {
  name: 'UserErrorCode',
  description: 'Why a mutation refused.',
  valuesConfig: Object.fromEntries(userErrorCodes.map((code) => [code, { description: descriptions[code] }])),
})

@ObjectType('UserError', { description: 'Why a mutation refused, for the caller to mend.' })
export class UserError {
  @Field(() => UserErrorCodes, { description: 'For programs.' })
  code!: UserErrorCode

  @Field(() => String, { description: 'For people. It names the rule, and never repeats what may be secret.' })
  message!: string

  @Field(() => [String], { nullable: true, description: 'The argument at fault, from `input` on; null when it is none.' })
  path!: readonly string[] | null
}

/** What every payload has. */
@ObjectType()
export abstract class Payload {
  @Field(() => [UserError], { description: 'Why nothing was done; empty when it was.' })
  userErrors: readonly UserError[] = []
}

type Resolve = GraphQLFieldResolver<unknown, Context>

/** An expected refusal of a mutation becomes `userErrors` of its payload. */
export const domainErrorsToPayload =
  (resolve: Resolve): Resolve =>
  async (...call) => {
    try {
      const result: unknown = await resolve(...call)
      return { userErrors: [], ...(result as object) }
    } catch (error) {
      if (!(error instanceof DomainError)) throw error
      const [, , context, { fieldName }] = call
      context.app.metrics.countRefusal(fieldName, error.code)
      return { userErrors: error.faults }
    }
  }

/** Not refusals: the caller did nothing wrong. */
const isUserErrorDetail = (error: unknown): boolean =>
  !(error instanceof DomainError || error instanceof RequestError) || (error instanceof RequestError && error.status >= 500)

/** Each root field is one use of its operation, whatever it is called in the answer. What is known at once is not made to wait. */
export const recordUsage =
  (resolve: Resolve): Resolve =>
  (source, args, context, info) => {
    const counted = (result: unknown): unknown => {
      const errors: unknown = result instanceof Object ? Reflect.get(result, 'userErrors') : undefined
      context.recordUsage(info.fieldName, Array.isArray(errors) && errors.length > 0)
      return result
    }
    const failed = (error: unknown): never => {
      context.recordUsage(info.fieldName, !isUserErrorDetail(error))
      throw error
    }
    let result: unknown
    try {
      result = resolve(source, args, context, info)
    } catch (error) {
      return failed(error)
    }
    return result instanceof Promise ? result.then(counted, failed) : counted(result)
  }
