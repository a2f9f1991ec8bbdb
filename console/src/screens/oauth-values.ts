/** Values of the form of an OAuth configuration, and the input that they become. */
import type { SetOAuthConfigurationInput } from '@keyhouse/client'

import { toLines } from './key-form.js'
import type { Configuration } from './oauth-configurations.js'

export interface ConfigurationValues {
  readonly apiKeyId: string
  readonly method: 'OIDC' | 'PRODUCT'
  readonly signInUrl: string
  readonly issuer: string
  readonly clientId: string
  /** Empty: the stored secret stays. */
  readonly clientSecret: string
  readonly hasStoredSecret: boolean
  readonly isPublicClient: boolean
  /** Separated by spaces. */
  readonly scopes: string
  readonly externalIdClaim: string
  readonly allowsRegistration: boolean
  readonly limitsHosts: boolean
  /** One per line. */
  readonly clientHosts: string
  readonly redirectSchemes: string
}

/** Names of the fields, as in the input of the mutation. */
export const configurationFields = [
  'apiKeyId',
  'signIn.product.signInUrl',
  ...['issuer', 'clientId', 'clientSecret', 'scopes', 'externalIdClaim'].map((name) => `signIn.oidc.${name}`),
  'clientHosts',
  'redirectSchemes',
]

export const newConfigurationValues: ConfigurationValues = {
  apiKeyId: '',
  method: 'OIDC',
  signInUrl: '',
  issuer: '',
  clientId: '',
  clientSecret: '',
  hasStoredSecret: false,
  isPublicClient: false,
  scopes: '',
  externalIdClaim: 'sub',
  allowsRegistration: true,
  limitsHosts: false,
  clientHosts: '',
  redirectSchemes: '',
}

export const toConfigurationValues = (configuration: Configuration): ConfigurationValues => ({
  apiKeyId: configuration.apiKey?.id ?? '',
  method: configuration.signInMethod,
  signInUrl: configuration.signInUrl ?? '',
  issuer: configuration.oidcIssuer ?? '',
  clientId: configuration.oidcClientId ?? '',
  clientSecret: '',
  hasStoredSecret: configuration.hasClientSecret,
  isPublicClient: configuration.oidcIssuer !== null && !configuration.hasClientSecret,
  scopes: configuration.oidcScopes.join(' '),
  externalIdClaim: configuration.oidcExternalIdClaim ?? 'sub',
  allowsRegistration: configuration.allowsRegistration,
  limitsHosts: configuration.clientHosts !== null,
  clientHosts: (configuration.clientHosts ?? []).join('\n'),
  redirectSchemes: configuration.redirectSchemes.join('\n'),
})

function signInInput(values: ConfigurationValues): SetOAuthConfigurationInput['signIn'] {
  const { method, signInUrl, issuer, clientId, clientSecret, isPublicClient, scopes, externalIdClaim } = values
  if (method === 'PRODUCT') return { product: { signInUrl } }
  const secret = isPublicClient ? { clientSecret: null } : clientSecret === '' ? {} : { clientSecret }
  return { oidc: { issuer, clientId, ...secret, scopes: scopes.split(' ').filter((scope) => scope !== ''), externalIdClaim } }
}

export const configurationInput = (values: ConfigurationValues): SetOAuthConfigurationInput => ({
  apiKeyId: values.apiKeyId,
  signIn: signInInput(values),
  allowsRegistration: values.allowsRegistration,
  clientHosts: values.limitsHosts ? toLines(values.clientHosts) : null,
  redirectSchemes: toLines(values.redirectSchemes),
})
