/** Queries for any object by its global id (GraphQL Global Object Identification). */
import { Arg, Ctx, ID, Query, Resolver } from 'type-graphql'

import { findNode } from '../access/node-types.js'
import type { Context } from '../context/context.js'
import { Node } from '../entities/node.js'
import { badUserInput } from '../lib/errors.js'

const maxIds = 100

@Resolver()
export class NodeResolver {
  @Query(() => Node, {
    nullable: true,
    description: 'Object by id. Null if it is not visible to the caller, and without the permission to read its type.',
  })
  node(
    @Ctx() ctx: Context,
    @Arg('id', () => ID, { description: 'Id of an object of any type that implements `Node`.' }) id: string,
  ): Promise<object | null> {
    // The getter throws UNAUTHENTICATED without a credential, before the id is looked at.
    void ctx.actor
    return findNode(ctx, id)
  }

  @Query(() => [Node], {
    nullable: 'items',
    description: `Objects by id, in the order of \`ids\`: at most ${maxIds} objects. An entry is null as \`node\` would be. More ids are refused (BAD_USER_INPUT).`,
  })
  async nodes(
    @Ctx() ctx: Context,
    @Arg('ids', () => [ID], { description: `Ids of objects of any type that implements \`Node\`: at most ${maxIds} ids.` }) ids: string[],
  ): Promise<(object | null)[]> {
    // The getter throws UNAUTHENTICATED without a credential, before the input is checked.
    void ctx.actor
    if (ids.length > maxIds) throw badUserInput(`"ids" must have at most ${maxIds} entries.`)
    return Promise.all(ids.map((id) => findNode(ctx, id)))
  }
}
