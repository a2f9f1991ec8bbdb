/** GraphQL query for the signing keys. */
import { Ctx, Query, Resolver } from 'type-graphql'

import type { Context } from '../context/context.js'
import { SigningKey } from '../entities/signing-key.js'
import { listSigningKeys } from '../signing-keys/list-signing-keys.js'

@Resolver(() => SigningKey)
export class SigningKeyResolver {
  @Query(() => [SigningKey], {
    description:
      'Signing keys of this deployment, newest first, including retired keys. Private keys are never returned. Needs `signing_key:read`.',
  })
  signingKeys(@Ctx() ctx: Context): Promise<SigningKey[]> {
    return listSigningKeys(ctx)
  }
}
