/** Input of an OAuth configuration: its rules, and the columns that it becomes. */
import type { OAuthConfiguration } from '../../entities/oauth-configuration.js'
import { DomainError } from '../../lib/errors.js'
import { isLoopback } from '../../lib/network/address.js'
import type { Secret } from '../../lib/secret.js'
import type { Outbound } from '../../outbound/outbound.js'
import { maxNameLength, validateAudience, type Validator } from '../../validation/validator.js'
import { isPrivateUseScheme } from '../clients/redirect-uri.js'

export const maxClientSecretLength = 1024
export const maxScopes = 20
export const maxClientHosts = 50
export const maxRedirectSchemes = 20

export interface OidcSignInArgs {
  readonly issuer: string
  readonly clientId: string
  /** Omitted: unchanged for the same issuer and client id, else none. Null: none. */
  readonly clientSecret?: Secret | null | undefined
  readonly scopes?: readonly string[] | null | undefined
  readonly externalIdClaim?: string | null | undefined
}

export interface OAuthConfigurationArgs {
  readonly apiKeyId: string
  readonly signIn: {
    readonly oidc?: OidcSignInArgs | null | undefined
    readonly product?: { readonly signInUrl: string } | null | undefined
  }
  readonly allowsRegistration?: boolean | null | undefined
  readonly clientHosts?: readonly string[] | null | undefined
  readonly redirectSchemes?: readonly string[] | null | undefined
}

/** A browser is sent there, so http is for development alone. */
function validateBrowserUrl(text: string): string | undefined {
  const issue = validateAudience(text)
  if (issue) return issue
  const { protocol, hostname, username, password } = new URL(text)
  if (username !== '' || password !== '') return 'must not contain a user name or password'
  return protocol === 'https:' || isLoopback(hostname) ? undefined : 'must be an https URL'
}

const validateHost = (host: string): string | undefined =>
  URL.canParse(`https://${host}`) && new URL(`https://${host}`).host === host
    ? undefined
    : 'must be a host name in lower case, with a port unless it is 443'

function validateScheme(scheme: string): string | undefined {
  if (!/^[a-z][a-z0-9+.-]{0,62}$/.test(scheme))
    return 'must be a scheme without its colon: 1 to 63 characters a-z, 0-9, "+", "." and "-" (RFC 3986 §3.1)'
  return isPrivateUseScheme(scheme) ? undefined : 'must be a private-use scheme of an application'
}

const validateScope = (scope: string): string | undefined =>
  /^[\x21\x23-\x5B\x5D-\x7E]{1,128}$/.test(scope) ? undefined : 'must be a scope of 1 to 128 characters (RFC 6749 §3.3)'

function validateOidc(validator: Validator, { issuer, clientId, clientSecret, scopes, externalIdClaim }: OidcSignInArgs): void {
  const issue =
    validateAudience(issuer) ?? (issuer.includes('?') || issuer.includes('@') ? 'must have no query and no user name' : undefined)
  if (issue) validator.addIssue(['signIn', 'oidc', 'issuer'], issue)
  validator.text(['signIn', 'oidc', 'clientId'], clientId, maxNameLength)
  validator.text(['signIn', 'oidc', 'clientSecret'], clientSecret?.reveal(), maxClientSecretLength)
  validator.notNull(['signIn', 'oidc', 'scopes'], scopes)
  validator.list(['signIn', 'oidc', 'scopes'], scopes, maxScopes, validateScope)
  validator.notNull(['signIn', 'oidc', 'externalIdClaim'], externalIdClaim)
  validator.text(['signIn', 'oidc', 'externalIdClaim'], externalIdClaim, maxNameLength)
}

/** Adds every issue to `validator`; the caller throws. */
export function validateConfiguration(validator: Validator, input: OAuthConfigurationArgs): void {
  const { oidc, product } = input.signIn
  if (oidc) validateOidc(validator, oidc)
  const issue = product && validateBrowserUrl(product.signInUrl)
  if (issue) validator.addIssue(['signIn', 'product', 'signInUrl'], issue)
  validator.notNull('allowsRegistration', input.allowsRegistration)
  validator.list('clientHosts', input.clientHosts, maxClientHosts, validateHost)
  validator.notNull('redirectSchemes', input.redirectSchemes)
  validator.list('redirectSchemes', input.redirectSchemes, maxRedirectSchemes, validateScheme)
}

/** @throws DomainError URL_NOT_ALLOWED for an address that the outbound policy blocks (SSRF) */
export function assertIssuerAllowed(outbound: Outbound, { signIn: { oidc } }: OAuthConfigurationArgs): void {
  const issue = oidc && outbound.validateUrl(oidc.issuer)
  if (issue)
    throw new DomainError([{ code: 'URL_NOT_ALLOWED', message: `"issuer" ${issue}.`, path: ['input', 'signIn', 'oidc', 'issuer'] }])
}

type SignInColumns = Pick<
  OAuthConfiguration,
  'signInMethod' | 'signInUrl' | 'oidcIssuer' | 'oidcClientId' | 'oidcScopes' | 'oidcExternalIdClaim'
>

export const toSignInColumns = ({ signIn: { oidc, product } }: OAuthConfigurationArgs): SignInColumns => ({
  signInMethod: oidc ? 'OIDC' : 'PRODUCT',
  signInUrl: product?.signInUrl ?? null,
  oidcIssuer: oidc?.issuer ?? null,
  oidcClientId: oidc?.clientId ?? null,
  oidcScopes: (oidc?.scopes ?? []).filter((scope) => scope !== 'openid'),
  oidcExternalIdClaim: oidc ? (oidc.externalIdClaim ?? 'sub') : null,
})
