/** Authenticates a request: resolves its bearer credential to an actor, from the current database state. */
import { versionQueries } from '../database/queries/credential-versions.js'
import { readAccessToken, readKey, readPersonalToken, type AccessTokenRow, type KeyRow } from '../database/queries/credentials.js'
import type { QueryRunner } from '../database/query-runner.js'
import { accessTokenRefusal, credentialStatus } from '../entities/credential-status.js'
import { jwtHeader } from '../lib/crypto/jwt.js'
import { apiKeySuspended, organizationSuspended, RequestError, UnknownCredentialError, unauthenticated } from '../lib/errors.js'
import { externalIdMessage, isExternalId } from '../lib/external-id.js'
import { issuerOfToken, type Issuer } from '../lib/issuer.js'
import type { Actor } from './actor.js'
import { allowsAddress } from './address-scope.js'
import { accessTokenActor, keyActor, keyRefusal } from './credential-actors.js'
import { allowsEndUser, endUserNotAllowedMessage } from './end-user-scope.js'
import { intersection, rolePermissions } from './permissions.js'
import { unconfirmedSession, verifyClaims, type ClaimsVerifier } from './verify-claims.js'

/** Dependencies of {@link authenticate}. */
export interface AuthDependencies extends ClaimsVerifier {
  readonly queryRunner: QueryRunner
  readonly now: Date
}

/** Parts of the request that authentication reads. */
export interface AuthRequest {
  /** The `Authorization` header, as sent. */
  readonly authorization: string
  /** Every `X-On-Behalf-Of` header, as sent. */
  readonly onBehalfOf: readonly string[]
  /** Address of the client, as the trusted proxies forward it; null: unknown. */
  readonly address: string | null
  /** Every `X-Keyhouse-Session-Key` header, as sent. */
  readonly sessionKeys: readonly string[]
  /** Id of the MCP server whose gateway route was called, not looked up; null: another route. */
  readonly serverId: string | null
}

/** Parts of a request whose credential is not in the `Authorization` header, or is not a token for the gateway. */
export type PresentedHeaders = Omit<AuthRequest, 'authorization' | 'serverId'>

/** Malformed and never-issued credentials get the same error, so a caller cannot tell them apart. */
const unknownCredential = (): RequestError => new UnknownCredentialError()
/** Says nothing about the credential, which is not looked up. No quotation marks: RFC 6750 §3 forbids them in `error_description`. */
const missingScheme = (): RequestError =>
  new UnknownCredentialError(
    'The Authorization header lacks the Bearer scheme. Send Authorization: Bearer, a space, and the API key or token.',
  )
/** Does not name the address: behind a proxy it is the proxy's, which the client need not know. */
const addressNotAllowedMessage =
  'This API key may not be used from this address. Send the request from an address that "allowedIps" of the key has, or use another key.'
const badHeader = (message: string): RequestError => new RequestError('BAD_REQUEST', message)

/**
 * Resolves the credential to an actor. The form of the bearer token selects the type. Every text that is no JWT may be the secret
 * of an API key, since imported keys have any form.
 * @throws RequestError UNAUTHENTICATED, CREDENTIAL_REVOKED, CREDENTIAL_SUSPENDED, ADDRESS_NOT_ALLOWED, BAD_REQUEST or FORBIDDEN
 */
export async function authenticate(deps: AuthDependencies, request: AuthRequest): Promise<Actor> {
  const [, bearerToken] = /^Bearer +([\x21-\x7E]+)$/i.exec(request.authorization) ?? []
  if (bearerToken === undefined) throw /^Bearer\b/i.test(request.authorization) ? unknownCredential() : missingScheme()
  const header = jwtHeader(bearerToken)
  if (!header) return authenticateApiKey(deps, bearerToken, request)
  return header['typ'] === 'at+jwt'
    ? authenticateAccessToken(deps, bearerToken, request)
    : authenticatePersonalToken(deps, bearerToken, request)
}

/**
 * Resolves the cookie of a console session to an actor. A token without confirmation is refused: another port of the host can
 * set a cookie (RFC 6265 §8.5), and would sign its victim in as somebody else.
 * @throws RequestError UNAUTHENTICATED, CREDENTIAL_SUSPENDED or BAD_REQUEST
 */
export const authenticateSession = (deps: AuthDependencies, jwt: string, request: PresentedHeaders): Promise<Actor> =>
  authenticatePersonalToken(deps, jwt, request, { isSession: true })

/** API key that authenticates as an OAuth client: its secret, and the issuer that it was presented to. */
export interface PresentedClient {
  /** Id of the key; undefined for a bearer token, which names none. */
  readonly id: string | undefined
  readonly secret: string
  readonly issuer: Issuer
}

/**
 * Resolves an OAuth client to the actor of its API key. A key of another id or issuer reads as unknown.
 * @throws RequestError of {@link authenticate}
 */
export const authenticateClient = (
  deps: AuthDependencies,
  { id, secret, issuer }: PresentedClient,
  request: PresentedHeaders,
): Promise<Actor> =>
  authenticateApiKey(
    deps,
    secret,
    request,
    (key) => (id === undefined || key.id === id) && key.organizationId === issuer.organizationId && key.environment === issuer.environment,
  )

async function authenticateApiKey(
  deps: AuthDependencies,
  secret: string,
  { onBehalfOf, address }: PresentedHeaders,
  isExpected: (key: KeyRow) => boolean = () => true,
): Promise<Actor> {
  const key = await readKey(deps.queryRunner, secret, deps.now)
  if (!key || !isExpected(key)) throw unknownCredential()
  const refusal = keyRefusal(key, deps.now)
  if (refusal === 'REVOKED') throw new RequestError('CREDENTIAL_REVOKED', 'This API key is revoked. Use another key.')
  if (refusal === 'ORGANIZATION_SUSPENDED') throw organizationSuspended()
  if (refusal === 'SUSPENDED') throw apiKeySuspended()
  if (refusal === 'EXPIRED') throw unauthenticated('This API key is expired. Use another key.')
  if (!allowsAddress(key.allowedIps, address)) throw new RequestError('ADDRESS_NOT_ALLOWED', addressNotAllowedMessage)
  const externalId = parseOnBehalfOf(onBehalfOf)
  if (externalId !== undefined && !allowsEndUser(key.endUsers, externalId))
    throw new RequestError('FORBIDDEN', endUserNotAllowedMessage, {}, { status: 403 })
  return keyActor(key, externalId, deps.now)
}

/**
 * External id of the end user in `X-On-Behalf-Of`; undefined without the header.
 * An invalid header is an error: ignoring it would run the request with the backend's own access.
 * @throws RequestError BAD_REQUEST
 */
function parseOnBehalfOf(onBehalfOf: readonly string[]): string | undefined {
  if (onBehalfOf.length === 0) return undefined
  const [externalId, second] = onBehalfOf
  if (second !== undefined) throw badHeader('The X-On-Behalf-Of header was sent more than once. Send it once.')
  if (externalId === undefined || !isExternalId(externalId)) throw badHeader(`X-On-Behalf-Of ${externalIdMessage}.`)
  return externalId
}

async function authenticateAccessToken(deps: AuthDependencies, jwt: string, request: AuthRequest): Promise<Actor> {
  const { audience, iss, jti, sub } = await verifyClaims(deps, jwt, 'at+jwt', request)
  const token = await readAccessToken(deps.queryRunner, jti)
  // The issuer must match the token's record: this rejects an issuer of another tenant or environment (RFC 8725 §3.8).
  // It must be on the origin of the audience, since no token is issued for the former origin.
  if (token && iss !== issuerOfToken(audience.url, token.key, token.hasTenantIssuer)) throw unknownCredential()
  const refusals: readonly unknown[] = token ? [accessTokenRefusal(token, token.key, deps.now), keyRefusal(token.key, deps.now)] : []
  if (!token || refusals.includes('REVOKED'))
    throw unauthenticated('This access token, or its API key, is revoked. Exchange an API key for a new token.')
  if (refusals.includes('ORGANIZATION_SUSPENDED')) throw organizationSuspended()
  if (refusals.includes('SUSPENDED')) throw apiKeySuspended()
  if (refusals.includes('SANDBOX_RESET'))
    throw unauthenticated('A sandbox reset revoked this access token. Exchange an API key for a new token.')
  if (refusals.includes('EXPIRED')) throw unauthenticated('The token is expired. Get a new one.')
  const externalId = parseOnBehalfOf(request.onBehalfOf)
  if (token.endUserId === '') return authenticateClientToken(deps, token, request)
  if (!allowsEndUser(token.key.endUsers, sub))
    throw unauthenticated('The API key of this access token may no longer act for its end user. Exchange another key for a new token.')
  if (externalId !== undefined && externalId !== sub)
    throw badHeader('X-On-Behalf-Of must equal the subject (sub) of the access token. Omit the header or correct it.')
  return accessTokenActor(token, sub, deps.now)
}

/** A token without an end user acts as the backend, at the gateway only: GraphQL would take it for the API key. */
function authenticateClientToken(deps: AuthDependencies, token: AccessTokenRow, { onBehalfOf, serverId }: AuthRequest): Actor {
  if (serverId === null)
    throw unauthenticated('This access token acts for no end user, and is accepted by the gateway alone. Send the API key itself.')
  if (onBehalfOf.length > 0)
    throw badHeader('X-On-Behalf-Of is not allowed with an access token that acts for no end user. Omit the header.')
  return accessTokenActor(token, null, deps.now)
}

/** Actor of a user. Its permissions are those of the current role, narrowed to those named on the token. */
async function authenticatePersonalToken(
  deps: AuthDependencies,
  jwt: string,
  { onBehalfOf, sessionKeys }: PresentedHeaders,
  { isSession } = { isSession: false },
): Promise<Actor> {
  const { audience, iss, jti, cnf } = await verifyClaims(deps, jwt, 'kh-personal+jwt', { sessionKeys, serverId: null })
  if (isSession && cnf === undefined) throw unconfirmedSession()
  if (iss !== audience.url) throw unknownCredential()
  const token = await readPersonalToken(deps.queryRunner, jti)
  const status = token && credentialStatus(token, deps.now)
  if (!token || status === 'REVOKED')
    throw unauthenticated('This personal token is revoked, or its user is no longer a member. Sign in again.')
  if (token.isOrganizationSuspended) throw organizationSuspended()
  if (status === 'EXPIRED') throw unauthenticated('The token is expired. Get a new one.')
  if (onBehalfOf.length > 0) throw badHeader('X-On-Behalf-Of is not allowed with a personal token. Omit the header, or send an API key.')
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
    authVersion: { query: versionQueries.personalToken, id: token.id, version: token.authVersion, expiresAt: token.expiresAt },
    apiKey: null,
    personalToken: { id: token.id, type: token.type, userId: token.userId, memberId: token.memberId, role: token.role },
  }
}
