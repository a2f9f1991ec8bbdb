/** Fields of an OAuth configuration: how end users sign in, and which clients may connect. */
import type { ReactElement } from 'react'

import { Checkbox, Choices, Field } from '../parts/form.js'
import type { ConfigurationValues } from './oauth-values.js'

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
          help={
            values.hasStoredSecret
              ? 'Encrypted and never shown. Empty: the stored secret stays, for the same issuer and client id.'
              : 'Encrypted and never shown.'
          }
          type="password"
          required={!values.hasStoredSecret}
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
