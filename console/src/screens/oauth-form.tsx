/** Fields of an OAuth configuration, and the input that they become. */
import type { SetOAuthConfigurationInput } from '@keyhouse/client'
import type { ReactElement } from 'react'

import { Checkbox, Choices, Field } from '../parts/form.js'
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

interface FieldsProps {
  readonly values: ConfigurationValues
  readonly onChange: (change: Partial<ConfigurationValues>) => void
}

export function SignInFields({ values, onChange }: FieldsProps): ReactElement {
  return (
    <>
      <Choices
        label="End users sign in by"
        options={[
          ['OIDC', 'OpenID provider', 'Keyhouse signs them in'],
          ['PRODUCT', 'Your product', 'Your backend calls approveSignIn'],
        ]}
        value={values.method}
        onChange={(method) => onChange({ method })}
      />
      {values.method === 'PRODUCT' ? (
        <Field
          name="signIn.product.signInUrl"
          label="Sign-in page of your product"
          help="An https URL, or http on loopback. The browser comes there with the query parameter request."
          type="url"
          required
          maxLength={2048}
          value={values.signInUrl}
          onChange={(signInUrl) => onChange({ signInUrl })}
        />
      ) : (
        <ProviderFields values={values} onChange={onChange} />
      )}
    </>
  )
}

function ProviderFields({ values, onChange }: FieldsProps): ReactElement {
  return (
    <>
      <Field
        name="signIn.oidc.issuer"
        label="Issuer"
        help="Exactly as in the metadata of the provider."
        type="url"
        required
        maxLength={2048}
        value={values.issuer}
        onChange={(issuer) => onChange({ issuer })}
      />
      <Field
        name="signIn.oidc.clientId"
        label="Client id"
        required
        maxLength={255}
        value={values.clientId}
        onChange={(clientId) => onChange({ clientId })}
      />
      <Checkbox
        label="The provider knows Keyhouse as a public client, without a secret"
        checked={values.isPublicClient}
        onChange={(isPublicClient) => onChange({ isPublicClient, clientSecret: '' })}
      />
      {!values.isPublicClient && (
        <Field
          name="signIn.oidc.clientSecret"
          label="Client secret"
          help="Encrypted and never shown. Empty: the stored secret stays, for the same issuer and client id."
          type="password"
          maxLength={1024}
          value={values.clientSecret}
          onChange={(clientSecret) => onChange({ clientSecret })}
        />
      )}
      <Field
        name="signIn.oidc.externalIdClaim"
        label="Claim with the external id"
        help="Choose one that users cannot change themselves."
        required
        maxLength={255}
        value={values.externalIdClaim}
        onChange={(externalIdClaim) => onChange({ externalIdClaim })}
      />
      <Field
        name="signIn.oidc.scopes"
        label="Scopes beside openid (optional)"
        help="Separated by spaces, such as email."
        value={values.scopes}
        onChange={(scopes) => onChange({ scopes })}
      />
    </>
  )
}

export function ClientFields({ values, onChange }: FieldsProps): ReactElement {
  return (
    <>
      <Checkbox
        label="Clients may register themselves, under any name"
        checked={values.allowsRegistration}
        onChange={(allowsRegistration) => onChange({ allowsRegistration })}
      />
      <Checkbox
        label="Accept clients with a metadata document from these hosts only"
        checked={values.limitsHosts}
        onChange={(limitsHosts) => onChange({ limitsHosts })}
      />
      {values.limitsHosts && (
        <Field
          name="clientHosts"
          label="Hosts of client documents, one per line"
          help="Such as claude.ai. Empty: none."
          multiline
          value={values.clientHosts}
          onChange={(clientHosts) => onChange({ clientHosts })}
        />
      )}
      <Field
        name="redirectSchemes"
        label="Private-use schemes of redirect URIs, one per line (optional)"
        help="Such as cursor. Any application on the device can claim one."
        multiline
        value={values.redirectSchemes}
        onChange={(redirectSchemes) => onChange({ redirectSchemes })}
      />
    </>
  )
}
