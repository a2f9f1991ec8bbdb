/** Signing keys in GraphQL's words. */
import { Ctx, Query, Resolver } from 'type-graphql'

import type { Context } from '../context/context.js'
import { SigningKey } from '../entities/signing-key.js'
import { listSigningKeys } from '../signing-keys/list-signing-keys.js'

@Resolver(() => SigningKey)
export class SigningKeyResolver {
  @Query(() => [SigningKey], {
    description: 'The keys of this deployment that sign tokens, newest first, retired ones included. Needs `signing_key:read`.',
  })
  signingKeys(@Ctx() ctx: Context): Promise<SigningKey[]> {
    return listSigningKeys(ctx)
  }
}
