/** GraphQL inputs and payloads of OAuth configurations. The client secret is accepted and never returned. */
import { Extensions, Field, ID, InputType, ObjectType } from 'type-graphql'

import { Environment } from '../entities/enums.js'
import { OAuthConfiguration } from '../entities/oauth-configuration.js'
import { SecretScalar, UrlScalar } from '../entities/scalars.js'
import type { Secret } from '../lib/secret.js'
import {
  maxClientHosts,
  maxClientSecretLength,
  maxRedirectSchemes,
  maxScopes,
  type OAuthConfigurationArgs,
  type OidcSignInArgs,
} from '../oauth/configurations/configuration-input.js'
import type { OAuthConfigurationFilterArgs } from '../oauth/configurations/list-oauth-configurations.js'
import { maxNameLength } from '../validation/validator.js'
import { environmentFilter, formatLength, projectFilter } from './descriptions.js'
import { Payload } from './user-error.js'

@InputType('OidcSignInInput', {
  description: 'OpenID provider that signs the end users in. Register `redirectUri` of the configuration there.',
})
class OidcSignInInput implements OidcSignInArgs {
  @Field(() => UrlScalar, {
    description:
      'Issuer, exactly as in its metadata. Private addresses and http are refused unless KEYHOUSE_OUTBOUND_ALLOW names the host (URL_NOT_ALLOWED).',
  })
  issuer!: string

  @Field(() => String, { description: `Client id at the provider: ${formatLength(maxNameLength)}.` })
  clientId!: string

  @Field(() => SecretScalar, {
    nullable: true,
    description: `Client secret: ${formatLength(maxClientSecretLength)}. Stored encrypted and never returned. Omitted: unchanged for the same \`issuer\` and \`clientId\`, else none. Null: none.`,
  })
  clientSecret?: Secret | null

  @Field(() => [String], {
    nullable: true,
    defaultValue: [],
    description: `Scopes asked for beside \`openid\`: at most ${maxScopes} unique ones. Null is invalid.`,
  })
  scopes?: string[] | null

  @Field(() => String, {
    nullable: true,
    defaultValue: 'sub',
    description: `Claim of the ID token with the external id of the end user, as a string: ${formatLength(maxNameLength)}. Choose one that users cannot change themselves. Null is invalid.`,
  })
  externalIdClaim?: string | null
}

@InputType('ProductSignInInput', { description: 'Page of your product that signs the end users in, and confirms it with `approveSignIn`.' })
class ProductSignInInput {
  @Field(() => UrlScalar, {
    description: 'An https URL, or http on loopback. The browser is sent there with the query parameter `request`.',
  })
  signInUrl!: string
}

@InputType('OAuthSignInInput', { description: 'Sign-in method of end users. Exactly one field must be set.' })
@Extensions({ isOneOf: true })
class OAuthSignInInput {
  @Field(() => OidcSignInInput, { nullable: true, description: 'An OpenID provider signs them in.' })
  oidc?: OidcSignInInput | null

  @Field(() => ProductSignInInput, { nullable: true, description: 'Your product signs them in.' })
  product?: ProductSignInInput | null
}

@InputType('SetOAuthConfigurationInput', {
  description: 'OAuth configuration of one project and environment. Replaces the whole configuration if there is one.',
})
export class SetOAuthConfigurationInput implements OAuthConfigurationArgs {
  @Field(() => ID, {
    description:
      'API key that limits every grant and token, ACTIVE or SUSPENDED. Its project and environment get the configuration. You must hold its permissions (PERMISSION_NOT_HELD).',
  })
  apiKeyId!: string

  @Field(() => OAuthSignInInput, {
    description: 'Sign-in method of end users. A change signs out every end user of the project and environment.',
  })
  signIn!: OAuthSignInInput

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: true,
    description: 'True if clients may register themselves (RFC 7591). Null is invalid.',
  })
  allowsRegistration?: boolean | null

  @Field(() => [String], {
    nullable: true,
    description: `Hosts whose Client ID Metadata Documents are accepted, in lower case, compared exactly: at most ${maxClientHosts} unique ones. Null or omitted: every host. Empty: none.`,
  })
  clientHosts?: string[] | null

  @Field(() => [String], {
    nullable: true,
    defaultValue: [],
    description: `Private-use schemes that redirect URIs may have, such as \`cursor\`: at most ${maxRedirectSchemes} unique ones, in lower case. Any application on the device can claim one. Null is invalid.`,
  })
  redirectSchemes?: string[] | null
}

@InputType('DeleteOAuthConfigurationInput', { description: 'OAuth configuration to delete.' })
export class DeleteOAuthConfigurationInput {
  @Field(() => ID, { description: 'Id of the OAuth configuration.' })
  id!: string
}

@InputType('OAuthConfigurationFilter', { description: 'Filters OAuth configurations. Omitted fields do not filter.' })
export class OAuthConfigurationFilter implements OAuthConfigurationFilterArgs {
  @Field(() => Environment, { nullable: true, description: environmentFilter })
  environment?: Environment | null

  @Field(() => ID, { nullable: true, description: projectFilter })
  projectId?: string | null
}

@ObjectType('SetOAuthConfigurationPayload', { description: 'Result of `setOAuthConfiguration`. It never contains the client secret.' })
export class SetOAuthConfigurationPayload extends Payload {
  @Field(() => OAuthConfiguration, { nullable: true, description: 'The configuration. Null if `userErrors` is not empty.' })
  configuration?: OAuthConfiguration | null
}

@ObjectType('DeleteOAuthConfigurationPayload', { description: 'Result of `deleteOAuthConfiguration`.' })
export class DeleteOAuthConfigurationPayload extends Payload {
  @Field(() => ID, { nullable: true, description: 'Id of the deleted configuration. Null if `userErrors` is not empty.' })
  deletedConfigurationId?: string | null
}

@InputType('ApproveSignInInput', { description: 'Sign-in that your product confirms.' })
export class ApproveSignInInput {
  @Field(() => String, {
    description: 'Query parameter `request` that the browser brought to `signInUrl`, unchanged. Valid for 10 minutes.',
  })
  request!: string

  @Field(() => String, {
    description: 'External id of the end user who is signed in to your product in that browser: 1 to 150 printable ASCII characters.',
  })
  externalUserId!: string
}

@ObjectType('ApproveSignInPayload', { description: 'Result of `approveSignIn`.' })
export class ApproveSignInPayload extends Payload {
  @Field(() => UrlScalar, {
    nullable: true,
    description:
      'Redirect the same browser to this URL. It has a ticket that is valid once, for 10 minutes, in the browser that began the sign-in. Do not log it. Null if `userErrors` is not empty.',
  })
  url?: string | null
}
