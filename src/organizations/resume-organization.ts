/** Resumes a suspended organization. Its credentials work again unless revoked or expired. */
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { Organization } from '../entities/organization.js'

/** Idempotent. */
export async function resumeOrganization(ctx: Context): Promise<{ organization: Organization }> {
  return perform(ctx, 'organization:resume', async ({ em, actor, permit }) => {
    const organization = await em.findOneOrFail(Organization, { id: actor.organizationId })
    permit({ id: organization.id })
    organization.suspendedAt = null
    return { organization }
  })
}
