/** What a personal token can do at this moment: its user's role, reduced to what the token carries. */
import { intersection, rolePermissions } from '../access/permissions.js'
import type { Context } from '../context/context.js'
import { Member } from '../entities/member.js'
import type { PersonalToken } from '../entities/personal-token.js'

export async function effectivePermissions(ctx: Context, token: PersonalToken): Promise<readonly string[]> {
  const member = await ctx.loadInOrganizationBy(token, Member, 'userId', token.userId)
  if (!member) return []
  const role = rolePermissions[member.role]
  return token.permissions ? intersection(role, token.permissions) : role
}
