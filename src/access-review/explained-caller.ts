/** The caller of an explanation: the actor that its credential would be, and the links that authentication checks. */
import { systemActor, type Actor } from '../access/actor.js'
import { accessTokenActor, keyActor, keyRefusal, type KeyRefusal } from '../access/credential-actors.js'
import { allowsEndUser } from '../access/end-user-scope.js'
import { effectiveProjectIds } from '../access/grants.js'
import { expandKeyWildcard, rolePermissions } from '../access/permissions.js'
import type { AccessTokenRow, KeyRow } from '../database/queries/credentials.js'
import { accessTokenRefusal, isSignatureWithdrawn } from '../entities/credential-status.js'
import type { Member } from '../entities/member.js'
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

export const keyHolder = ({ permissions }: KeyRow): PermissionHolder => ({
  name: 'The API key',
  granted: permissions,
  effective: expandKeyWildcard(permissions),
})

export function keyLink(key: KeyRow, now: Date): AccessLink {
  const refusal = keyRefusal(key, now)
  return refusal ? refused('API_KEY', keyRules[refusal]) : passed('API_KEY', 'The API key is active.')
}

/** Whether the key, as it is now, may act for the end user. */
export const scopeLink = ({ endUsers }: KeyRow, externalId: string): AccessLink =>
  allowsEndUser(endUsers, externalId)
    ? passed('END_USER', `The API key may act for the end user: its endUsers are ${endUsers?.mode ?? 'ANYONE'}.`)
    : refused('END_USER', `The API key may not act for the end user: its endUsers are ${endUsers?.mode ?? 'ANYONE'}.`)

/** @param externalId end user in `X-On-Behalf-Of`; undefined without the header */
export const explainKey = (key: KeyRow, externalId: string | undefined, now: Date): ExplainedCaller => ({
  actor: keyActor(key, externalId, now),
  holders: [keyHolder(key)],
  links: [keyLink(key, now), ...(externalId === undefined ? [] : [scopeLink(key, externalId)])],
})

function tokenLink(token: AccessTokenRow, signingKeyRetiredAt: Date | null, now: Date): AccessLink {
  const refusal = accessTokenRefusal(token, token.key, now)
  if (refusal) return refused('ACCESS_TOKEN', tokenRules[refusal])
  if (isSignatureWithdrawn(token, signingKeyRetiredAt)) return refused('ACCESS_TOKEN', 'The signing key of the access token is retired.')
  return passed('ACCESS_TOKEN', 'The access token is active.')
}

/** Context of a token that its row does not hold. */
interface TokenContext {
  readonly signingKeyRetiredAt: Date | null
  /** Checked only for operations of Keyhouse itself. */
  readonly audienceLink: AccessLink | null
  /** External id of its end user. Empty: forgotten, which has revoked the token. Null: it acts for no end user. */
  readonly subject: string | null
}

/** Refuses a header that names another end user than the token. */
export const endUserHeaderLinks = (externalId: string | null | undefined, subject: string | null): AccessLink[] =>
  externalId == null || externalId === subject
    ? []
    : [refused('END_USER', 'X-On-Behalf-Of must equal the subject (sub) of the access token.')]

/** @param externalId end user in `X-On-Behalf-Of`; undefined without the header */
export function explainToken(token: AccessTokenRow, context: TokenContext, externalId: string | undefined, now: Date): ExplainedCaller {
  const { signingKeyRetiredAt, audienceLink, subject } = context
  return {
    actor: accessTokenActor(token, subject, now),
    holders: [
      keyHolder(token.key),
      { name: 'The access token', granted: token.permissions, effective: expandKeyWildcard(token.permissions) },
    ],
    links: [
      keyLink(token.key, now),
      tokenLink(token, signingKeyRetiredAt, now),
      ...(audienceLink ? [audienceLink] : []),
      ...(subject === null ? [] : [scopeLink(token.key, subject)]),
      ...endUserHeaderLinks(externalId, subject),
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
