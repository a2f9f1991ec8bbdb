import { requirePermission } from '../access/permit.js'
import type { Context } from '../context/context.js'
import { EndUser } from '../entities/end-user.js'
import { DomainError } from '../lib/errors.js'
import { deriveEndUserId, isExternalId } from '../lib/external-id.js'
import { environmentFilter } from '../tenancy/environment.js'
import { findProjectOrDefault } from '../tenancy/project.js'
import type { EndUserQuery } from './list-end-users.js'

/** Null when it was never recorded. A member who names no place means the sandbox of their first project. */
export async function findEndUser(ctx: Context, externalId: string, { environment, projectId }: EndUserQuery): Promise<EndUser | null> {
  const { actor, em } = ctx
  const { environment: place = 'SANDBOX' } = environmentFilter(actor, environment ?? actor.environment)
  if (!actor.endUser) requirePermission(actor, 'end_user:read')
  const project = await findProjectOrDefault(em, projectId).catch((error: unknown) => {
    if (error instanceof DomainError && error.code === 'NOT_FOUND') return null
    throw error
  })
  if (!project || !isExternalId(externalId)) return null
  const id = deriveEndUserId(actor.organizationId, project.id, place, externalId)
  // Another end user does not exist for this one: a refusal in place of null would tell that it does.
  const endUser = actor.endUser && actor.endUser.id !== id ? null : await ctx.load(EndUser, id)
  if (endUser) requirePermission(actor, 'end_user:read')
  return endUser
}
