/** Finds one row by id for a query of its type. */
import type { Actor } from '../access/actor.js'
import type { KeyhousePermission } from '../access/permission-definitions.js'
import { requirePermission } from '../access/permit.js'
import type { Context } from '../context/context.js'

/**
 * One visible row by id. The permission is checked before the lookup (docs/decisions/0178). With `isOwn` it is checked
 * after: an own row needs none. @throws DomainError FORBIDDEN
 */
export async function findByIdOrForbid<T extends { id: string }>(
  ctx: Context,
  entity: new () => T,
  id: string,
  permission: KeyhousePermission,
  isOwn?: (actor: Actor, row: T) => boolean,
): Promise<T | null> {
  if (!isOwn) requirePermission(ctx.actor, permission)
  const row = await ctx.load(entity, id)
  if (row && !isOwn?.(ctx.actor, row)) requirePermission(ctx.actor, permission)
  return row
}
