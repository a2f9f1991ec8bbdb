/** Actor of an OAuth client that presents a code or refresh token: within the grant, its API key and its end user. */
import type { Actor } from '../../access/actor.js'
import { endUserActor, keyRefusal, type KeyRefusal } from '../../access/credential-actors.js'
import { allowsEndUser } from '../../access/end-user-scope.js'
import type { Services } from '../../context/services.js'
import { readKeyById } from '../../database/queries/credentials.js'
import type { GrantRow } from '../../database/queries/oauth-grants.js'
import { OAuthError } from '../oauth-error.js'

export const invalidGrant = (text: string): OAuthError => new OAuthError('invalid_grant', text)

const keyRefusals: Readonly<Record<KeyRefusal, string>> = {
  REVOKED: 'The API key behind this grant is revoked. Start a new authorization.',
  ORGANIZATION_SUSPENDED: 'The organization is suspended. Start a new authorization when it is resumed.',
  SUSPENDED: 'The API key behind this grant is suspended. Start a new authorization when it is resumed.',
  EXPIRED: 'The API key behind this grant is expired. Start a new authorization.',
}

/** @throws OAuthError invalid_grant if the grant, its API key or its end user no longer allows it */
export async function resolveGrantActor({ queryRunner, clock }: Services, grant: GrantRow | undefined): Promise<Actor> {
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
