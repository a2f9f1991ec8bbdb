/** GraphQL union of the principals that can act: a user, an API key or an end user. */
import { createUnionType } from 'type-graphql'

import { findNode } from '../access/node-types.js'
import type { Context } from '../context/context.js'
import { ApiKey } from '../entities/api-key.js'
import { EndUser } from '../entities/end-user.js'
import { User } from '../entities/user.js'

export type ActorRow = User | ApiKey | EndUser

export const ActorUnion = createUnionType({
  name: 'Actor',
  description: 'Principal that performed an action: a user, an API key or an end user.',
  types: () => [User, ApiKey, EndUser] as const,
  resolveType: (value) => value.constructor.name,
})

/** The actor by id. Null without the permission to read its type: reading an action does not grant reading its actor. */
export async function findActor(ctx: Context, id: string | null): Promise<ActorRow | null> {
  return id === null ? null : ((await findNode(ctx, id)) as ActorRow | null)
}
