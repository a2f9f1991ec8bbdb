/** Suspends an organization: every process rejects its credentials until it is resumed. */
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { Organization } from '../entities/organization.js'

/** Idempotent: a suspended organization keeps its `suspendedAt`. */
export async function suspendOrganization(ctx: Context): Promise<{ organization: Organization }> {
  return perform(ctx, 'organization:suspend', async ({ em, actor, now, permit }) => {
    const organization = await em.findOneOrFail(Organization, { id: actor.organizationId })
    permit({ id: organization.id })
    organization.suspendedAt ??= now
    return { organization }
  })
}
