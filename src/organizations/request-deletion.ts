/** Marks an organization for deletion, and suspends it. Resuming it withdraws the mark. */
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { Organization } from '../entities/organization.js'

export async function requestDeletion(ctx: Context): Promise<{ organization: Organization }> {
  return perform(ctx, 'organization:delete', async ({ em, actor, now, permit }) => {
    const organization = await em.findOneOrFail(Organization, { id: actor.organizationId })
    permit({ id: organization.id })
    organization.suspendedAt ??= now
    organization.deletionRequestedAt ??= now
    return { organization }
  })
}
