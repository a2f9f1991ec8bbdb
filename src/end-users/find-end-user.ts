/** Finds an end user by the external id that the caller's system uses. */
import { assertMayNameEndUser } from '../access/end-user-scope.js'
import { requirePermission } from '../access/permit.js'
import type { Context } from '../context/context.js'
import { EndUser } from '../entities/end-user.js'
import { DomainError } from '../lib/errors.js'
import { deriveEndUserId, isExternalId } from '../lib/external-id.js'
import { environmentFilter } from '../tenancy/environment.js'
import { findProjectOrDefault } from '../tenancy/project.js'
import type { EndUserFilterArgs } from './list-end-users.js'

/**
 * Null when no record exists. Defaults: the caller's own environment, SANDBOX for members; the caller's first project.
 * @throws DomainError FORBIDDEN
 */
export async function findEndUser(
  ctx: Context,
  externalId: string,
  { environment, projectId }: EndUserFilterArgs,
): Promise<EndUser | null> {
  const { actor, em } = ctx
  const { environment: scopedEnvironment = 'SANDBOX' } = environmentFilter(actor, environment ?? actor.environment)
  if (!actor.endUser) requirePermission(actor, 'end_user:read')
  if (isExternalId(externalId)) assertMayNameEndUser(actor, externalId)
  const project = await findProjectOrDefault(em, projectId).catch((error: unknown) => {
    if (error instanceof DomainError && error.code === 'NOT_FOUND') return null
    throw error
  })
  if (!project || !isExternalId(externalId)) return null
  const id = deriveEndUserId(actor.organizationId, project.id, scopedEnvironment, externalId)
  // An end user gets null for other end users: FORBIDDEN would reveal that they exist.
  const endUser = actor.endUser && actor.endUser.id !== id ? null : await ctx.load(EndUser, id)
  if (endUser) requirePermission(actor, 'end_user:read')
  return endUser
}
