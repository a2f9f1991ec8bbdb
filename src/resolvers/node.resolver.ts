/** Anything by its id. */
import { Arg, Ctx, ID, Query, Resolver } from 'type-graphql'

import type { KeyhousePermission } from '../access/actions.js'
import type { Actor } from '../access/actor.js'
import { findNode } from '../access/node-types.js'
import { requirePermission } from '../access/permit.js'
import type { Context } from '../context/context.js'
import { Node } from '../entities/node.js'
import { badUserInput } from '../lib/errors.js'

const maxIds = 100

/** One row of a kind. What is one's own needs no permission, so only then existence comes first. @throws DomainError FORBIDDEN */
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

@Resolver()
export class NodeResolver {
  @Query(() => Node, { nullable: true, description: 'Anything that you may see, by its id; null otherwise.' })
  node(@Ctx() ctx: Context, @Arg('id', () => ID, { description: 'Its id.' }) id: string): Promise<object | null> {
    // Before anything is said about the id: who asks?
    void ctx.actor
    return findNode(ctx, id)
  }

  @Query(() => [Node], { nullable: 'items', description: 'Several at once, in the order of the ids: at most 100.' })
  async nodes(@Ctx() ctx: Context, @Arg('ids', () => [ID], { description: 'Their ids.' }) ids: string[]): Promise<(object | null)[]> {
    // Before anything is said about the input: who asks?
    void ctx.actor
    if (ids.length > maxIds) throw badUserInput(`"ids" must have at most ${maxIds} entries.`)
    return Promise.all(ids.map((id) => findNode(ctx, id)))
  }
}
