/**
 * Who is asking. The form of the credential decides what it is; nothing about it is believed that the database or a
 * signature does not say at this moment.
 */
import { readAccessToken, readKey, readPersonalToken, versionQueries, type KeyRow } from '../database/queries/credentials.js'
import type { QueryRunner } from '../database/query-runner.js'
import { parseApiKey } from '../lib/api-key-format.js'
import { sha256 } from '../lib/digest.js'
import { organizationSuspended, RequestError, UnknownCredentialError, unauthenticated } from '../lib/errors.js'
import { deriveEndUserId, externalIdRule, isExternalId } from '../lib/external-id.js'
import { isId } from '../lib/id.js'
import { issuerOfToken } from '../lib/issuer.js'
import { decodeHeader } from '../lib/jwt.js'
import type { Actor } from './actor.js'
import { intersection, rolePermissions } from './permissions.js'

export interface AuthDependencies {
  readonly reader: QueryRunner
  readonly now: Date
  /** This server: the audience of tokens that are meant for it, the issuer of personal tokens, and what other issuers begin with. */
  readonly url: string
  verify(text: string, typ: 'at+jwt' | 'kh-personal+jwt'): Promise<Readonly<Record<string, unknown>> | undefined>
}

export interface AuthHeaders {
  /** The `Authorization` header, as sent. */
  readonly authorization: string
  /** Every `X-On-Behalf-Of` header, as sent. */
  readonly onBehalfOf: readonly string[]
}

/** Malformed and never issued read alike. */
const unknown = (): RequestError => new UnknownCredentialError()
const badHeader = (message: string): RequestError => new RequestError('BAD_REQUEST', message)

/** @throws RequestError */
export async function authenticate(desk: AuthDependencies, { authorization, onBehalfOf }: AuthHeaders): Promise<Actor> {
  const [, text] = /^Bearer +([\x21-\x7E]+)$/i.exec(authorization) ?? []
  if (text === undefined) throw unknown()
  if (text.includes('.')) {
    return decodeHeader(text)?.['typ'] === 'at+jwt'
      ? authenticateAccessToken(desk, text, onBehalfOf)
      : authenticatePersonalToken(desk, text, onBehalfOf)
  }
  return authenticateApiKey(desk, text, onBehalfOf)
}

async function authenticateApiKey(desk: AuthDependencies, text: string, onBehalfOf: readonly string[]): Promise<Actor> {
  if (!parseApiKey(text)) throw unknown()
  const key = await readKey(desk.reader, sha256(text))
  // A text that was replaced is nobody's, also when its key was revoked since.
  if (!key || isOverlapOver(key, desk.now)) throw unknown()
  if (key.revokedAt) throw new RequestError('CREDENTIAL_REVOKED', 'This API key has been revoked.')
  if (key.isOrganizationSuspended) throw organizationSuspended()
  if (key.expiresAt && key.expiresAt <= desk.now) throw unauthenticated('This API key has expired.')
  const externalId = parseOnBehalfOf(onBehalfOf)
  const endUser =
    externalId === undefined ? null : { id: deriveEndUserId(key.organizationId, key.projectId, key.environment, externalId), externalId }
  return {
    kind: 'API_KEY',
    id: key.id,
    organizationId: key.organizationId,
    projectIds: [key.projectId],
    environment: key.environment,
    permissions: key.permissions,
    endUser,
    expiresAt: key.expiresAt,
    authVersion: { query: versionQueries.apiKey, id: key.id, version: key.standing, expiresAt: effectiveExpiry(key) },
    apiKey: toActorApiKey(key, desk.now),
    personalToken: null,
  }
}

const isOverlapOver = ({ isSuperseded, previousSecretExpiresAt }: KeyRow, now: Date): boolean =>
  isSuperseded && !(previousSecretExpiresAt && previousSecretExpiresAt > now)

/** A text that is on its way out ends with its overlap, if that is sooner. */
const effectiveExpiry = ({ expiresAt, isSuperseded, previousSecretExpiresAt }: KeyRow): Date | null =>
  isSuperseded && previousSecretExpiresAt && !(expiresAt && expiresAt < previousSecretExpiresAt) ? previousSecretExpiresAt : expiresAt

const toActorApiKey = (key: KeyRow, now: Date): NonNullable<Actor['apiKey']> => ({
  id: key.id,
  isSuperseded: key.isSuperseded,
  rateLimits: key.rateLimits,
  isLimited: key.rateLimits.length > 0 || key.allowedAudiences !== null,
  allowedAudiences: key.allowedAudiences,
  sandboxResetAt: key.sandboxResetAt,
  endsOverlap: !key.isSuperseded && key.endOverlapAtFirstUse && key.previousSecretExpiresAt !== null && key.previousSecretExpiresAt > now,
})

/** The end user named. A header that breaks the rule never falls back to the undelegated caller. @throws RequestError BAD_REQUEST */
function parseOnBehalfOf(onBehalfOf: readonly string[]): string | undefined {
  if (onBehalfOf.length === 0) return undefined
  const [externalId, second] = onBehalfOf
  if (second !== undefined) throw badHeader('X-On-Behalf-Of was sent twice.')
  if (externalId === undefined || !isExternalId(externalId)) throw badHeader(`X-On-Behalf-Of ${externalIdRule}.`)
  return externalId
}

/** Prefixes of the ids that tokens of each type have. */
const idPrefixes = { 'at+jwt': 'at', 'kh-personal+jwt': 'pt' } as const

interface Claims {
  readonly iss: unknown
  readonly jti: string
  readonly sub: string
}

/** Claims of a token whose audience is this server. @throws RequestError UNAUTHENTICATED */
async function verifyClaims(desk: AuthDependencies, text: string, typ: keyof typeof idPrefixes): Promise<Claims> {
  const claims = await desk.verify(text, typ)
  // A signature of ours over something for another audience proves nothing here (RFC 8725 §3.9).
  if (claims?.['aud'] !== desk.url) throw unknown()
  const { iss, jti, sub } = claims
  if (!isId(jti, idPrefixes[typ]) || typeof sub !== 'string') throw unknown()
  return { iss, jti, sub }
}

/** An end user, with what the token carries and its key still holds. */
async function authenticateAccessToken(desk: AuthDependencies, text: string, onBehalfOf: readonly string[]): Promise<Actor> {
  const { iss, jti, sub } = await verifyClaims(desk, text, 'at+jwt')
  const token = await readAccessToken(desk.reader, jti)
  // The record, not the token, says whose token this is: an issuer of another tenant or environment is refused (RFC 8725 §3.8).
  if (token && iss !== issuerOfToken(desk.url, token.key, token.hasTenantIssuer)) throw unknown()
  if (!token || token.revokedAt || token.key.revokedAt) throw unauthenticated('This token has been revoked, or its key has.')
  const { key } = token
  if (key.isOrganizationSuspended) throw organizationSuspended()
  if (key.sandboxResetAt && token.issuedAt <= key.sandboxResetAt) throw unauthenticated('This token has been revoked by a sandbox reset.')
  const expiresAt = key.expiresAt && key.expiresAt < token.expiresAt ? key.expiresAt : token.expiresAt
  if (expiresAt <= desk.now) throw unauthenticated('This token has expired.')
  const named = parseOnBehalfOf(onBehalfOf)
  if (named !== undefined && named !== sub) throw badHeader('X-On-Behalf-Of must equal the subject of the token.')
  return {
    kind: 'ACCESS_TOKEN',
    id: token.endUserId,
    organizationId: key.organizationId,
    projectIds: [key.projectId],
    environment: key.environment,
    permissions: intersection(token.permissions, key.permissions),
    endUser: { id: token.endUserId, externalId: sub },
    expiresAt,
    authVersion: { query: versionQueries.accessToken, id: token.id, version: key.standing, expiresAt: expiresAt },
    apiKey: { ...toActorApiKey(key, desk.now), endsOverlap: false },
    personalToken: null,
  }
}

async function authenticatePersonalToken(desk: AuthDependencies, text: string, onBehalfOf: readonly string[]): Promise<Actor> {
  const { iss, jti } = await verifyClaims(desk, text, 'kh-personal+jwt')
  if (iss !== desk.url) throw unknown()
  const token = await readPersonalToken(desk.reader, jti)
  if (!token || token.revokedAt) throw unauthenticated('This token has been revoked, or its user is no longer a member.')
  if (token.isOrganizationSuspended) throw organizationSuspended()
  if (token.expiresAt <= desk.now) throw unauthenticated('This token has expired.')
  if (onBehalfOf.length > 0) throw badHeader('X-On-Behalf-Of goes with an API key, not with a personal token.')
  const role = rolePermissions[token.role]
  return {
    kind: 'PERSONAL_TOKEN',
    id: token.userId,
    organizationId: token.organizationId,
    projectIds: token.role === 'ADMIN' ? null : token.projectIds,
    environment: null,
    permissions: token.permissions ? intersection(role, token.permissions) : role,
    endUser: null,
    expiresAt: token.expiresAt,
    authVersion: { query: versionQueries.personalToken, id: token.id, version: token.standing, expiresAt: token.expiresAt },
    apiKey: null,
    personalToken: { id: token.id, type: token.type, userId: token.userId, memberId: token.memberId },
  }
}
