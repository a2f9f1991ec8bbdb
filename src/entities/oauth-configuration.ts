/** OAuth of one project and environment: the API key that limits it, and how its end users sign in. */
import { Entity, Filter, Index, ManyToOne, Property, Unique } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType } from 'type-graphql'

import { boolean, json, text, timestamp } from './columns.js'
import { EndUserSignInMethod, Environment } from './enums.js'
import { Node } from './node.js'
import { Organization } from './organization.js'
import { Project } from './project.js'
import { DateTimeScalar, UrlScalar } from './scalars.js'
import { tenant } from './tenant-filter.js'

@ObjectType('OAuthConfiguration', {
  simpleResolvers: true,
  implements: Node,
  description:
    'OAuth configuration of one project and environment. MCP clients then connect with the URL of a server alone. Reading needs `oauth_configuration:read`.',
})
@Entity()
@Unique({ name: 'oauth_configuration_place_unique', properties: ['organizationId', 'projectId', 'environment'] })
@Index({ properties: ['organizationId', 'createdAt', 'id'] })
@Index({ properties: ['apiKeyId'] })
@Filter(tenant('OAuthConfiguration', 'environment'))
export class OAuthConfiguration extends Node {
  @ManyToOne(() => Organization, { fieldName: 'organization_id', mapToPk: true })
  organizationId!: string

  @ManyToOne(() => Project, { fieldName: 'project_id', mapToPk: true })
  projectId!: string

  @Field(() => Environment, { description: 'Environment that the configuration belongs to. Never changes.' })
  @Property(text())
  environment!: Environment

  /** No grant or token exceeds this key: its permissions, end users, rate limits and audiences hold at each request. */
  @Property(text())
  apiKeyId!: string

  @Field(() => EndUserSignInMethod, { description: 'Method by which end users sign in.' })
  @Property(text())
  signInMethod!: EndUserSignInMethod

  @Field(() => UrlScalar, {
    nullable: true,
    description: 'Page of your product that signs its users in. Null unless `signInMethod` is PRODUCT.',
  })
  @Property(text({ nullable: true }))
  signInUrl!: string | null

  @Field(() => UrlScalar, { nullable: true, description: 'Issuer of the OpenID provider. Null unless `signInMethod` is OIDC.' })
  @Property(text({ nullable: true }))
  oidcIssuer!: string | null

  @Field(() => String, { nullable: true, description: 'Client id at the OpenID provider. Null unless `signInMethod` is OIDC.' })
  @Property(text({ nullable: true }))
  oidcClientId!: string | null

  /** Null for a public client, and for PRODUCT. */
  @Property(text({ nullable: true }))
  sealedOidcClientSecret!: string | null

  @Field(() => [String], { description: 'Scopes asked of the OpenID provider, with `openid`. Empty unless `signInMethod` is OIDC.' })
  @Property(json())
  oidcScopes!: string[]

  @Field(() => String, {
    nullable: true,
    description: 'Claim of the ID token that holds the external id of the end user. Null unless `signInMethod` is OIDC.',
  })
  @Property(text({ nullable: true }))
  oidcExternalIdClaim!: string | null

  @Field(() => Boolean, { description: 'True if clients may register themselves (RFC 7591).' })
  @Property(boolean())
  allowsRegistration!: boolean

  @Field(() => [String], {
    nullable: true,
    description: 'Hosts whose Client ID Metadata Documents are accepted, compared exactly. Null: every host. Empty: none.',
  })
  @Property(json({ nullable: true }))
  clientHosts!: string[] | null

  @Field(() => [String], {
    description: 'Private-use schemes that redirect URIs may have, such as `cursor` (RFC 8252 §7.1). Empty: https and loopback http only.',
  })
  @Property(json())
  redirectSchemes!: string[]

  @Field(() => DateTimeScalar, { description: 'Creation time of the configuration.' })
  @Property(timestamp())
  createdAt!: Date

  @Field(() => DateTimeScalar, { description: 'Time of the last change. Equal to `createdAt` when never changed.' })
  @Property(timestamp())
  updatedAt!: Date
}

/** Associated data of the sealed client secret: it does not open on another row, nor for another provider. */
export const oidcClientSecretAad = ({
  organizationId,
  projectId,
  environment,
  oidcIssuer,
  id,
}: Pick<OAuthConfiguration, 'organizationId' | 'projectId' | 'environment' | 'oidcIssuer' | 'id'>): (string | null)[] => [
  'oauth_configuration',
  organizationId,
  projectId,
  environment,
  oidcIssuer,
  id,
]
