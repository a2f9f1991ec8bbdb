/** Renames the organization. */
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { Organization } from '../entities/organization.js'
import { Validator } from '../validation/validator.js'
import { maxOrganizationNameLength } from './create-organization.js'

export async function updateOrganization(
  ctx: Context,
  input: { name?: string | null | undefined },
): Promise<{ organization: Organization }> {
  return perform(ctx, 'organization:update', async ({ em, actor, permit }) => {
    const validator = new Validator()
    validator.notNull('name', input.name)
    validator.text('name', input.name, maxOrganizationNameLength)
    validator.throwIfInvalid()
    permit({ id: actor.organizationId })
    const organization = await em.findOneOrFail(Organization, { id: actor.organizationId })
    if (input.name != null) organization.name = input.name
    return { organization }
  })
}
