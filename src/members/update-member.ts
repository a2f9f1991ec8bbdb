/** Updates a member's role and projects. Their tokens have the new permissions from the next request on. */
import { assertCanGrantMembership } from '../access/grants.js'
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import type { MemberRole } from '../entities/enums.js'
import type { Member } from '../entities/member.js'
import { assertProjectsExist } from '../tenancy/project.js'
import { Validator } from '../validation/validator.js'
import { findMember, assertNotLastAdmin } from './find-member.js'
import { validateProjects } from './member-rules.js'

export interface UpdateMemberArgs {
  readonly id: string
  readonly role?: MemberRole | null | undefined
  readonly projectIds?: readonly string[] | null | undefined
}

export async function updateMember(ctx: Context, input: UpdateMemberArgs): Promise<{ member: Member }> {
  return perform(ctx, 'member:update', async ({ em, actor, permit, addDetails }) => {
    const validator = new Validator()
    validator.notNull('role', input.role)
    validateProjects(validator, input.role, input.projectIds)
    validator.throwIfInvalid()
    permit({ requestedId: input.id })
    const member = await findMember(em, input.id)
    await assertProjectsExist(em, input.projectIds ?? [])
    permit({ id: member.id })
    const role = input.role ?? member.role
    // Null: every project. Omitted: unchanged. An ADMIN's list is kept, so that it applies again after a demotion.
    const projectIds = input.projectIds === undefined ? member.projectIds : input.projectIds
    assertCanGrantMembership(actor, { role, projectIds })
    if (role !== 'ADMIN') await assertNotLastAdmin(em, member)
    addDetails({ role, projectIds })
    member.change(role, projectIds)
    return { member }
  })
}
