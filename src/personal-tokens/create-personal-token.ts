/** Makes a personal token: all of its user, or reduced to permissions that its maker holds. */
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

const year = 365 * 86_400

/** Seconds; LOGIN comes from signing in or accepting an invitation, never from here. */
export const lifetimes = {
  FULL_ACCESS: { longest: year, usual: year },
  RESTRICTED: { longest: year, usual: year },
  EPHEMERAL: { longest: 86_400, usual: 3600 },
} as const
/** Characters. */
export const maxDescriptionLength = 128

type MadeType = keyof typeof lifetimes

export interface NewPersonalToken {
  readonly type?: PersonalTokenType | null | undefined
  readonly description?: string | null | undefined
  readonly expiresAt?: Date | null | undefined
  readonly permissions?: readonly string[] | null | undefined
  readonly idempotencyKey?: string | null | undefined
}

interface Made {
  readonly personalToken: PersonalToken
  /** Null when it was made before, under the same idempotency key. */
  readonly token: string | null
}

export async function createPersonalToken(ctx: Context, input: NewPersonalToken): Promise<Made> {
  const verb = async ({ em, actor, now, permit, addDetails }: ActionScopeFor<'personal_token:create'>): Promise<Made> => {
    const type = checked(input, now)
    permit()
    const { userId } = requireUser(actor)
    assertRestrictedType(actor, type)
    assertCanGrantToUser(actor, input.permissions ?? [], ['input', 'permissions'])
    const { organizationId } = actor
    const { description = null, permissions = null } = input
    const expiresAt = resolveExpiry(actor, type, input.expiresAt, now)
    const issue = { organizationId, userId, createdBy: userId, type, description, permissions, expiresAt }
    const { personalToken, text } = await issuePersonalToken(ctx, issue, now)
    permit({ id: personalToken.id })
    addDetails({ type })
    em.persist(personalToken)
    return { personalToken, token: text }
  }
  return perform(ctx, 'personal_token:create', verb, {
    key: input.idempotencyKey,
    input,
    async replay({ em, permit }, id) {
      const personalToken = await findPersonalToken(em, id)
      permit(personalToken)
      return { personalToken, token: null }
    },
  })
}

/** The type that is to be made. @throws DomainError INVALID with every fault. */
function checked({ type = 'FULL_ACCESS', description, expiresAt, permissions, idempotencyKey }: NewPersonalToken, now: Date): MadeType {
  const validator = new Validator()
  validator.idempotencyKey(idempotencyKey)
  validator.notNull('type', type)
  if (type === 'LOGIN') validator.addIssue('type', 'must not be LOGIN: that comes from signing in')
  validator.text('description', description, maxDescriptionLength, 0)
  validator.notNull('expiresAt', expiresAt)
  validator.future('expiresAt', expiresAt, now)
  const made: MadeType = type === null || type === 'LOGIN' ? 'FULL_ACCESS' : type
  const { longest } = lifetimes[made]
  if (expiresAt && expiresAt > addSeconds(now, longest))
    validator.addIssue('expiresAt', `must be at most ${longest} seconds from now for ${made}`)
  if (!isRestrictedType(made)) {
    if (permissions !== undefined) validator.addIssue('permissions', `must be left out for ${made}`)
  } else if (permissions === undefined || permissions?.length === 0) {
    validator.addIssue('permissions', `must name at least one permission for ${made}`)
  } else validator.permissions('permissions', permissions)
  validator.throwIfInvalid()
  return made
}

/** Nothing outlives its maker; only who has just signed in is not bound. @throws DomainError INVALID */
function resolveExpiry(actor: Actor, type: MadeType, wanted: Date | null | undefined, now: Date): Date {
  if (!wanted) return capExpiry(actor, addSeconds(now, lifetimes[type].usual))
  const latest = maxExpiry(actor, 'token')
  if (latest && wanted > latest)
    throw invalid(`Nothing outlives its maker: this credential ends at ${latest.toISOString()}.`, ['input', 'expiresAt'])
  return wanted
}
