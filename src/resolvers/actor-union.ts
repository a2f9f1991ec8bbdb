/** Who did something: a user, a key or an end user. */
import { createUnionType } from 'type-graphql'

import { findNode } from '../access/node-types.js'
import type { Context } from '../context/context.js'
import { ApiKey } from '../entities/api-key.js'
import { EndUser } from '../entities/end-user.js'
import { User } from '../entities/user.js'

export type ActorRow = User | ApiKey | EndUser

export const ActorUnion = createUnionType({
  name: 'Actor',
  description: 'Who did something.',
  types: () => [User, ApiKey, EndUser] as const,
  resolveType: (value) => value.constructor.name,
})

/** Seeing what someone did does not mean seeing them: that needs the permission of their kind. */
export async function findActor(ctx: Context, id: string | null): Promise<ActorRow | null> {
  return id === null ? null : ((await findNode(ctx, id)) as ActorRow | null)
}
