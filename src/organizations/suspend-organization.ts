/** Suspends an organization: every credential of it is refused, in every process, until it is resumed. */
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { Organization } from '../entities/organization.js'

/** Idempotent: an organization that is suspended keeps its `suspendedAt`. */
export async function suspendOrganization(ctx: Context): Promise<{ organization: Organization }> {
  return perform(ctx, 'organization:suspend', async ({ em, actor, now, permit }) => {
    const organization = await em.findOneOrFail(Organization, { id: actor.organizationId })
    permit({ id: organization.id })
    organization.suspendedAt ??= now
    return { organization }
  })
}
