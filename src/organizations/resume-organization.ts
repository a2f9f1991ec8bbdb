/** Resumes a suspended organization, and withdraws the request to delete it. Its credentials work again unless revoked or expired. */
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { Organization } from '../entities/organization.js'
import { invalidState } from '../lib/errors.js'

/** Idempotent. @throws DomainError INVALID_STATE once rows are being deleted */
export async function resumeOrganization(ctx: Context): Promise<{ organization: Organization }> {
  return perform(ctx, 'organization:resume', async ({ em, actor, permit }) => {
    const organization = await em.findOneOrFail(Organization, { id: actor.organizationId })
    permit({ id: organization.id })
    if (organization.trailArchivedAt)
      throw invalidState('The organization is being deleted. Finish it with "keyhouse organization delete".')
    organization.deletionRequestedAt = null
    organization.suspendedAt = null
    return { organization }
  })
}
