/** The caller of an explanation: the actor that its credential would be, and the links that authentication checks. */
import { systemActor, type Actor } from '../access/actor.js'
import { accessTokenActor, keyActor, keyRefusal, type KeyRefusal } from '../access/credential-actors.js'
import { effectiveProjectIds } from '../access/grants.js'
import { expandKeyWildcard, rolePermissions } from '../access/permissions.js'
import type { AccessTokenRow, KeyRow } from '../database/queries/credentials.js'
import { accessTokenRefusal, isSignatureWithdrawn } from '../entities/credential-status.js'
import type { Member } from '../entities/member.js'
import { deriveEndUserId } from '../lib/external-id.js'
import { passed, refused, type AccessLink } from './access-links.js'
import type { PermissionHolder } from './permission-link.js'

export interface ExplainedCaller {
  readonly actor: Actor
  readonly holders: readonly PermissionHolder[]
  /** Checks of authentication, in order. */
  readonly links: readonly AccessLink[]
}

const keyRules: Readonly<Record<KeyRefusal, string>> = {
  REVOKED: 'The API key is revoked.',
  ORGANIZATION_SUSPENDED: 'The organization is suspended.',
  SUSPENDED: 'The API key is suspended.',
  EXPIRED: 'The API key is expired.',
}

const tokenRules = {
  REVOKED: 'The access token is revoked.',
  SANDBOX_RESET: 'A sandbox reset revoked the access token.',
  EXPIRED: 'The access token is expired.',
} as const

const keyHolder = ({ permissions }: KeyRow): PermissionHolder => ({
  name: 'The API key',
  granted: permissions,
  effective: expandKeyWildcard(permissions),
})

function keyLink(key: KeyRow, now: Date): AccessLink {
  const refusal = keyRefusal(key, now)
  return refusal ? refused('API_KEY', keyRules[refusal]) : passed('API_KEY', 'The API key is active.')
}

/** @param externalId end user in `X-On-Behalf-Of`; undefined without the header */
export function explainKey(key: KeyRow, externalId: string | undefined, now: Date): ExplainedCaller {
  const endUserLinks = externalId === undefined ? [] : [passed('END_USER', 'The API key may act for this end user.')]
  return { actor: keyActor(key, externalId, now), holders: [keyHolder(key)], links: [keyLink(key, now), ...endUserLinks] }
}

function tokenLink(token: AccessTokenRow, signingKeyRetiredAt: Date | null, now: Date): AccessLink {
  const refusal = accessTokenRefusal(token, token.key, now)
  if (refusal) return refused('ACCESS_TOKEN', tokenRules[refusal])
  if (isSignatureWithdrawn(token, signingKeyRetiredAt)) return refused('ACCESS_TOKEN', 'The signing key of the access token is retired.')
  return passed('ACCESS_TOKEN', 'The access token is active.')
}

/** The token's own end user may be repeated in `X-On-Behalf-Of`; another one is refused. */
function tokenEndUserLink({ key, endUserId }: AccessTokenRow, externalId: string | undefined): AccessLink {
  const isOther = externalId !== undefined && deriveEndUserId(key.organizationId, key.projectId, key.environment, externalId) !== endUserId
  return isOther
    ? refused('END_USER', 'X-On-Behalf-Of must equal the subject (sub) of the access token.')
    : passed('END_USER', 'The access token acts for its subject (sub).')
}

/** Context of a token that its row does not hold. */
interface TokenContext {
  readonly signingKeyRetiredAt: Date | null
  /** Checked only for operations of Keyhouse itself. */
  readonly audienceLink: AccessLink | null
}

export function explainToken(
  token: AccessTokenRow,
  { signingKeyRetiredAt, audienceLink }: TokenContext,
  externalId: string | undefined,
  now: Date,
): ExplainedCaller {
  const tokenHolder = { name: 'The access token', granted: token.permissions, effective: expandKeyWildcard(token.permissions) }
  return {
    // No check reads the external id of the actor, which the record of a token does not hold.
    actor: accessTokenActor(token, externalId ?? '', now),
    holders: [keyHolder(token.key), tokenHolder],
    links: [
      keyLink(token.key, now),
      tokenLink(token, signingKeyRetiredAt, now),
      ...(audienceLink ? [audienceLink] : []),
      tokenEndUserLink(token, externalId),
    ],
  }
}

/** A member with a LOGIN or FULL_ACCESS token. Other personal tokens may hold less than their user. */
export function explainMember(member: Member, externalId: string | undefined): ExplainedCaller {
  const permissions = rolePermissions[member.role]
  const headerLinks =
    externalId === undefined ? [] : [refused('END_USER', 'X-On-Behalf-Of is not allowed with a personal token, which acts for a member.')]
  return {
    actor: { ...systemActor(member.organizationId), kind: 'PERSONAL_TOKEN', projectIds: effectiveProjectIds(member), permissions },
    holders: [{ name: `The role ${member.role}`, granted: permissions, effective: permissions }],
    links: [passed('MEMBER', `The user is a member with the role ${member.role}.`), ...headerLinks],
  }
}
