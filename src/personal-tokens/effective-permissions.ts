/** Effective permissions of a personal token: its user's current role, intersected with the token's own permissions. */
import { intersection, rolePermissions } from '../access/permissions.js'
import type { Context } from '../context/context.js'
import { Member } from '../entities/member.js'
import type { PersonalToken } from '../entities/personal-token.js'

/** Empty once the user is no longer a member. */
export async function effectivePermissions(ctx: Context, token: PersonalToken): Promise<readonly string[]> {
  const member = await ctx.loadInOrganizationBy(token, Member, 'userId', token.userId)
  if (!member) return []
  const role = rolePermissions[member.role]
  return token.permissions ? intersection(role, token.permissions) : role
}
