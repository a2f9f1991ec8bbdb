/** The end users that were recorded. None is made by looking. */
import { requirePermission } from '../access/permit.js'
import type { Context } from '../context/context.js'
import { EndUser } from '../entities/end-user.js'
import type { Environment } from '../entities/enums.js'
import { endUserId } from '../lib/digest.js'
import { DomainError } from '../lib/errors.js'
import type { PageArguments } from '../pagination/page.js'
import { checkPage, contains, list, type Page } from '../pagination/paginate.js'
import { projectOf } from '../tenancy/project.js'
import { filterEnvironment, isExternalId } from '../validation/validator.js'

export interface EndUserQuery {
  readonly environment?: Environment | null | undefined
  readonly projectId?: string | null | undefined
}

const mostRecentlyMet = { field: 'firstSeenAt', direction: 'DESC' } as const

export async function listEndUsers(
  ctx: Context,
  page: PageArguments,
  filter: EndUserQuery & { search?: string | null | undefined },
): Promise<Page<EndUser>> {
  const where = {
    ...filterEnvironment(ctx.actor, filter.environment),
    ...(filter.projectId != null ? { projectId: filter.projectId } : {}),
    ...(filter.search ? contains(ctx, 'external_id', filter.search) : {}),
  }
  checkPage(ctx.em, EndUser, page, mostRecentlyMet)
  requirePermission(ctx.actor, 'end_user:read')
  return list(ctx, EndUser, page, where, mostRecentlyMet)
}

/** Null when it was never recorded. A member who names no place means the sandbox of their first project. */
export async function findEndUser(ctx: Context, externalId: string, { environment, projectId }: EndUserQuery): Promise<EndUser | null> {
  const { actor, em } = ctx
  const { environment: place = 'SANDBOX' } = filterEnvironment(actor, environment ?? actor.environment)
  if (!actor.endUser) requirePermission(actor, 'end_user:read')
  const project = await projectOf(em, projectId).catch((error: unknown) => {
    if (error instanceof DomainError && error.code === 'NOT_FOUND') return null
    throw error
  })
  if (!project || !isExternalId(externalId)) return null
  const id = endUserId(actor.organizationId, project.id, place, externalId)
  // Another end user does not exist for this one: a refusal in place of null would tell that it does.
  const endUser = actor.endUser && actor.endUser.id !== id ? null : await ctx.load(EndUser, id)
  if (endUser) requirePermission(actor, 'end_user:read')
  return endUser
}
