/** Consent of one end user to one OAuth client for one MCP server. Never widened: each authorization makes a grant of its own. */
import { Entity, Filter, Index, ManyToOne, Property } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType } from 'type-graphql'

import { json, text, timestamp } from './columns.js'
import { Environment } from './enums.js'
import { Node } from './node.js'
import { Organization } from './organization.js'
import { Project } from './project.js'
import { DateTimeScalar, PermissionScalar } from './scalars.js'
import { owner, tenant } from './tenant-filter.js'

@ObjectType('OAuthGrant', {
  simpleResolvers: true,
  implements: Node,
  description:
    'OAuth grant. Lets one OAuth client use one MCP server for one end user, until it is revoked. Reading needs `oauth_grant:read`.',
})
@Entity()
@Index({ properties: ['organizationId', 'createdAt', 'id'] })
@Index({ properties: ['organizationId', 'endUserId'] })
@Index({ properties: ['serverId'] })
@Index({ properties: ['apiKeyId'] })
@Filter(tenant('OAuthGrant', 'environment'))
@Filter(owner('OAuthGrant', 'overseen'))
export class OAuthGrant extends Node {
  @ManyToOne(() => Organization, { fieldName: 'organization_id', mapToPk: true })
  organizationId!: string

  @ManyToOne(() => Project, { fieldName: 'project_id', mapToPk: true })
  projectId!: string

  @Field(() => Environment, { description: 'Environment of the MCP server.' })
  @Property(text())
  environment!: Environment

  @Property(text())
  endUserId!: string

  /** No foreign key: the record outlives its server. */
  @Property(text())
  serverId!: string

  /** Key that limits the grant: that of the configuration at the consent. */
  @Property(text())
  apiKeyId!: string

  @Field(() => String, { description: 'Client id: the URL of a Client ID Metadata Document, or an id issued at registration.' })
  @Property(text())
  clientId!: string

  @Field(() => String, { description: 'Name that the client gives itself. Not verified.' })
  @Property(text())
  clientName!: string

  @Field(() => String, {
    nullable: true,
    description: 'Host of the Client ID Metadata Document. Null for a client that registered itself.',
  })
  @Property(text({ nullable: true }))
  clientHost!: string | null

  @Field(() => String, { description: 'Host, or private-use scheme, that the browser was sent back to.' })
  @Property(text())
  redirectHost!: string

  @Field(() => [PermissionScalar], {
    description: 'Permissions that the end user granted. A token has those that the API key still holds.',
  })
  @Property(json())
  permissions!: string[]

  @Field(() => DateTimeScalar, { description: 'Time of the consent.' })
  @Property(timestamp())
  createdAt!: Date

  @Field(() => DateTimeScalar, { nullable: true, description: 'Revocation time. Final. Null: not revoked.' })
  @Property(timestamp({ nullable: true }))
  revokedAt!: Date | null
}
