/** Context of an OAuth client that presents a code or refresh token: an actor within the grant, its API key and its end user. */
import type { Actor } from '../access/actor.js'
import { endUserActor, keyRefusal, type KeyRefusal } from '../access/credential-actors.js'
import { allowsEndUser } from '../access/end-user-scope.js'
import { Context } from '../context/context.js'
import type { Services } from '../context/services.js'
import { readKeyById } from '../database/queries/credentials.js'
import { readGrantById, type GrantRow } from '../database/queries/oauth-grants.js'
import { OAuthError } from './oauth-error.js'

export const invalidGrant = (text: string): OAuthError => new OAuthError('invalid_grant', text)

const keyRefusals: Readonly<Record<KeyRefusal, string>> = {
  REVOKED: 'The API key behind this grant is revoked. Start a new authorization.',
  ORGANIZATION_SUSPENDED: 'The organization is suspended. Start a new authorization when it is resumed.',
  SUSPENDED: 'The API key behind this grant is suspended. Start a new authorization when it is resumed.',
  EXPIRED: 'The API key behind this grant is expired. Start a new authorization.',
}

/** @throws OAuthError invalid_grant */
async function resolveActor({ queryRunner, clock }: Services, grant: GrantRow | undefined): Promise<Actor> {
  const key = grant && (await readKeyById(queryRunner, grant.apiKeyId))
  if (!grant || grant.revokedAt || !key) throw invalidGrant('The grant is revoked. Start a new authorization.')
  const now = clock()
  const refusal = keyRefusal(key, now)
  if (refusal !== null) throw invalidGrant(keyRefusals[refusal])
  if (!allowsEndUser(key.endUsers, grant.externalId))
    throw invalidGrant('The API key behind this grant may no longer act for its end user. Start a new authorization.')
  return endUserActor(
    key,
    { id: grant.endUserId, externalId: grant.externalId },
    { kind: 'OAUTH_GRANT', id: grant.id, expiresAt: null, permissions: grant.permissions },
    now,
  )
}

/** @throws OAuthError invalid_grant if the grant, its API key or its end user no longer allows it */
export async function grantContext(services: Services, origin: Context['origin'], grant: GrantRow): Promise<Context> {
  const actor = await resolveActor(services, grant)
  return new Context(services, origin, actor, async () => resolveActor(services, await readGrantById(services.queryRunner, grant.id)))
}
