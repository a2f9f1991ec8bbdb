/** Begins the sign-in of an end user: the URL of the provider or the product that the browser is sent to. */
import type { Services } from '../../context/services.js'
import type { OAuthConfiguration } from '../../entities/oauth-configuration.js'
import { oidcClientSecretAad } from '../../entities/oauth-configuration.js'
import { open } from '../../lib/crypto/seal.js'
import type { OpenIdClient } from '../../openid/openid-provider.js'
import { PageError, toPageError } from '../page-error.js'
import { maxReturnToLength, newSignInRequest, requestSecrets, signRequest } from './sign-in-request.js'

/** Redirect URI of every OpenID provider, and where products send the browser. @param url `KEYHOUSE_URL` */
export const signInCallbackUrl = (url: string): string => `${url}/oauth/sign-in/callback`

export function openIdClient({ masterKeys }: Services, configuration: OAuthConfiguration): OpenIdClient {
  const { organizationId, oidcIssuer, oidcClientId, sealedOidcClientSecret } = configuration
  const clientSecret = sealedOidcClientSecret === null ? null : open(masterKeys, oidcClientSecretAad(configuration), sealedOidcClientSecret)
  return { organizationId, issuer: oidcIssuer!, clientId: oidcClientId!, clientSecret }
}

export interface SignInTarget {
  readonly configuration: OAuthConfiguration
  /** Path and query on this server, where the browser goes after the sign-in. */
  readonly returnTo: string
  /** `login` asks for the end user's attention even where a session exists (OpenID Connect Core 1.0 §3.1.2.1). */
  readonly prompt?: 'login'
}

/** @param browser value of the cookie of the browser that begins @throws PageError */
export async function beginSignInUrl(
  services: Services,
  browser: string,
  { configuration, returnTo, prompt }: SignInTarget,
): Promise<string> {
  const { deploymentSecrets, config, openIdProviders } = services
  if (returnTo.length > maxReturnToLength) throw new PageError('SIGN_IN_INVALID')
  const request = newSignInRequest(configuration, browser, returnTo, services.clock())
  const state = signRequest(deploymentSecrets, request)
  const prompts = prompt === undefined ? {} : { prompt }
  if (configuration.signInMethod === 'PRODUCT') {
    const url = new URL(configuration.signInUrl!)
    for (const [name, value] of Object.entries({ ...prompts, request: state })) url.searchParams.set(name, value)
    return url.href
  }
  const parameters = { ...prompts, scope: ['openid', ...configuration.oidcScopes].join(' '), redirect_uri: signInCallbackUrl(config.url) }
  return openIdProviders
    .authorizationUrl(openIdClient(services, configuration), { state, ...requestSecrets(deploymentSecrets, request) }, parameters)
    .catch(toPageError)
}
