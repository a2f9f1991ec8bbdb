/** Creates a personal token: FULL_ACCESS, or restricted to permissions that the creator holds. */
import { isRestrictedType, maxExpiry, capExpiry, type Actor, requireUser } from '../access/actor.js'
import { assertCanGrantToUser } from '../access/grants.js'
import type { Context } from '../context/context.js'
import { perform, type ActionScopeFor } from '../context/perform.js'
import type { PersonalTokenType } from '../entities/enums.js'
import type { PersonalToken } from '../entities/personal-token.js'
import { addSeconds } from '../lib/clock.js'
import { invalid } from '../lib/errors.js'
import { Validator } from '../validation/validator.js'
import { findPersonalToken } from './find-personal-token.js'
import { issuePersonalToken } from './issue-personal-token.js'
import { assertRestrictedType } from './restricted-tokens.js'

const yearSeconds = 365 * 86_400

/** Maximum and default lifetime in seconds. LOGIN is absent: only signing in or accepting an invitation creates one. */
export const personalTokenTtlSeconds = {
  FULL_ACCESS: { max: yearSeconds, default: yearSeconds },
  RESTRICTED: { max: yearSeconds, default: yearSeconds },
  EPHEMERAL: { max: 86_400, default: 3600 },
} as const
/** Characters. */
export const maxDescriptionLength = 128

type CreatableType = keyof typeof personalTokenTtlSeconds

export interface CreatePersonalTokenArgs {
  readonly type?: PersonalTokenType | null | undefined
  readonly description?: string | null | undefined
  readonly expiresAt?: Date | null | undefined
  readonly permissions?: readonly string[] | null | undefined
  readonly idempotencyKey?: string | null | undefined
}

interface CreatedPersonalToken {
  readonly personalToken: PersonalToken
  /** Null on a replay: the idempotency key was used before. */
  readonly token: string | null
}

/** @throws DomainError INVALID, FORBIDDEN or PERMISSION_NOT_HELD */
export async function createPersonalToken(ctx: Context, input: CreatePersonalTokenArgs): Promise<CreatedPersonalToken> {
  const create = async ({ em, actor, now, permit, addDetails }: ActionScopeFor<'personal_token:create'>): Promise<CreatedPersonalToken> => {
    const type = validate(input, now)
    permit()
    const { userId } = requireUser(actor)
    assertRestrictedType(actor, type)
    assertCanGrantToUser(actor, input.permissions ?? [], ['input', 'permissions'])
    const { organizationId } = actor
    const { description = null, permissions = null } = input
    const expiresAt = resolveExpiry(actor, type, input.expiresAt, now)
    const args = { organizationId, userId, createdBy: userId, type, description, permissions, expiresAt }
    const { personalToken, text } = await issuePersonalToken(ctx, args, now)
    permit({ id: personalToken.id })
    addDetails({ type })
    em.persist(personalToken)
    return { personalToken, token: text }
  }
  return perform(ctx, 'personal_token:create', create, {
    key: input.idempotencyKey,
    input,
    async replay({ em, permit }, id) {
      const personalToken = await findPersonalToken(em, id)
      permit(personalToken)
      return { personalToken, token: null }
    },
  })
}

/** Returns the type to create. @throws DomainError INVALID with every issue */
function validate(
  { type = 'FULL_ACCESS', description, expiresAt, permissions, idempotencyKey }: CreatePersonalTokenArgs,
  now: Date,
): CreatableType {
  const validator = new Validator()
  validator.idempotencyKey(idempotencyKey)
  validator.notNull('type', type)
  if (type === 'LOGIN') validator.addIssue('type', 'must not be LOGIN: only signIn and acceptInvitation issue it')
  validator.text('description', description, maxDescriptionLength, 0)
  validator.notNull('expiresAt', expiresAt)
  validator.future('expiresAt', expiresAt, now)
  const creatableType: CreatableType = type === null || type === 'LOGIN' ? 'FULL_ACCESS' : type
  const { max: maxTtlSeconds } = personalTokenTtlSeconds[creatableType]
  if (expiresAt && expiresAt > addSeconds(now, maxTtlSeconds))
    validator.addIssue('expiresAt', `must be at most ${maxTtlSeconds} seconds from now for ${creatableType}`)
  if (!isRestrictedType(creatableType)) {
    if (permissions !== undefined) validator.addIssue('permissions', `must be omitted for ${creatableType}`)
  } else if (permissions === undefined || permissions?.length === 0) {
    validator.addIssue('permissions', `must name at least one permission for ${creatableType}`)
  } else validator.permissions('permissions', permissions)
  validator.throwIfInvalid()
  return creatableType
}

/** A token must not expire later than the token that creates it; a LOGIN token sets no limit. @throws DomainError INVALID */
function resolveExpiry(actor: Actor, type: CreatableType, requested: Date | null | undefined, now: Date): Date {
  if (!requested) return capExpiry(actor, addSeconds(now, personalTokenTtlSeconds[type].default))
  const latest = maxExpiry(actor, 'token')
  if (latest && requested > latest)
    throw invalid(`"expiresAt" must not be later than the expiry of your credential (${latest.toISOString()}).`, ['input', 'expiresAt'])
  return requested
}
