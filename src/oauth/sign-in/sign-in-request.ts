/**
 * Sign-in request: the state that leaves with the browser and comes back with it. It is signed instead of stored, so a stranger
 * leaves no row, and bound to the browser that began by the digest of a cookie (RFC 9700 §4.7.1).
 */
import type { DeploymentSecrets } from '../../encryption/deployment-secrets.js'
import type { OAuthConfiguration } from '../../entities/oauth-configuration.js'
import { addSeconds } from '../../lib/clock.js'
import { sha256 } from '../../lib/crypto/digest.js'
import { isEqual } from '../../lib/crypto/is-equal.js'
import { newId } from '../../lib/id.js'
import type { Place } from '../configurations/active-configuration.js'

/** Seconds. */
export const signInTtlSeconds = 600

/** Providers and proxies refuse long URLs. */
export const maxReturnToLength = 6000

export interface SignInRequest extends Place {
  /** Id of the browser session that the request ends in. One request makes one session. */
  readonly id: string
  /** Of the configuration: a code is never sent to a provider that was configured since. */
  readonly fingerprint: string
  /** Digest of the cookie of the browser that began. */
  readonly browser: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
  /** Path and query on this server. */
  readonly returnTo: string
}

/** Digest of what decides who an end user is. Sessions end and sign-ins in progress fail when it changes. */
export const signInFingerprint = ({
  id,
  signInMethod,
  signInUrl,
  oidcIssuer,
  oidcClientId,
  oidcExternalIdClaim,
}: OAuthConfiguration): string => sha256(JSON.stringify([id, signInMethod, signInUrl, oidcIssuer, oidcClientId, oidcExternalIdClaim]))

export const newSignInRequest = (configuration: OAuthConfiguration, browser: string, returnTo: string, now: Date): SignInRequest => ({
  id: newId('bs', now),
  organizationId: configuration.organizationId,
  projectId: configuration.projectId,
  environment: configuration.environment,
  fingerprint: signInFingerprint(configuration),
  browser: sha256(browser),
  expiresAt: addSeconds(now, signInTtlSeconds).getTime(),
  returnTo,
})

/** JSON in base64url, a dot, and its MAC. */
export function signRequest(secrets: DeploymentSecrets, request: SignInRequest): string {
  const payload = Buffer.from(JSON.stringify(request)).toString('base64url')
  return `${payload}.${secrets.mac('sign_in', payload)}`
}

/** Undefined for text that {@link signRequest} did not write. */
export function parseRequest(secrets: DeploymentSecrets, text: string): SignInRequest | undefined {
  const [payload = '', mac = '', ...rest] = text.split('.')
  if (rest.length > 0 || !isEqual(mac, secrets.mac('sign_in', payload))) return undefined
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as SignInRequest
}

/** PKCE verifier and nonce of a request. They need no storage: nobody without the deployment's secret can derive them. */
export const requestSecrets = (
  secrets: DeploymentSecrets,
  { id }: SignInRequest,
): { readonly verifier: string; readonly nonce: string } => ({
  verifier: secrets.mac('sign_in', `verifier:${id}`),
  nonce: secrets.mac('sign_in', `nonce:${id}`),
})
