/** Ends grants in bulk, within a change that is authorized for another reason: their codes, refresh tokens and access tokens end with them. */
import type { EntityManager } from '@mikro-orm/core'

import type { Permit } from '../../access/permit.js'
import { unrevokedTokens } from '../../database/queries/live-credentials.js'
import { ofGrants, type GrantSelection } from '../../database/queries/oauth-grants.js'
import { AccessToken } from '../../entities/access-token.js'
import { OAuthCode } from '../../entities/oauth-code.js'
import { OAuthGrant } from '../../entities/oauth-grant.js'
import { OAuthRefreshToken } from '../../entities/oauth-refresh-token.js'
import { disableOwnerFilter } from '../../tenancy/owner-filter.js'

/** Keeps the records. Returns the number of access tokens that it revoked, each by its own row, so that the hot path needs no grant. */
export async function revokeGrants(em: EntityManager, permit: Permit, selection: GrantSelection, now: Date): Promise<number> {
  const unfiltered = disableOwnerFilter(em, permit)
  await unfiltered.nativeUpdate(OAuthGrant, { ...selection, revokedAt: null }, { revokedAt: now })
  await unfiltered.nativeUpdate(
    OAuthRefreshToken,
    { $and: [ofGrants(selection), { sealedSuccessor: { $ne: null } }] },
    { sealedSuccessor: null },
  )
  return unfiltered.nativeUpdate(AccessToken, { $and: [ofGrants(selection), unrevokedTokens(now)] }, { revokedAt: now })
}

/** Deletes the records too, such as those of a forgotten end user, and returns their number. The caller revokes the access tokens. */
export async function deleteGrants(em: EntityManager, permit: Permit, selection: GrantSelection): Promise<number> {
  const unfiltered = disableOwnerFilter(em, permit)
  await unfiltered.nativeDelete(OAuthCode, ofGrants(selection))
  await unfiltered.nativeDelete(OAuthRefreshToken, ofGrants(selection))
  return unfiltered.nativeDelete(OAuthGrant, selection)
}
