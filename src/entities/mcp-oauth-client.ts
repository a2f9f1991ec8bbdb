/** Keyhouse as an OAuth client of one authorization server, in one project and environment. Used with no other issuer. */
import { Entity, Filter, Index, ManyToOne, Property } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType } from 'type-graphql'

import { text, timestamp } from './columns.js'
import { Environment, McpOAuthClientKind } from './enums.js'
import { Node } from './node.js'
import { Organization } from './organization.js'
import { Project } from './project.js'
import { DateTimeScalar, UrlScalar } from './scalars.js'
import { tenant } from './tenant-filter.js'

@ObjectType('McpOAuthClient', {
  simpleResolvers: true,
  implements: Node,
  description:
    'OAuth client that Keyhouse is at the authorization server of an MCP server. Its secret is write-only. Reading needs `mcp_oauth_client:read`.',
})
@Entity()
@Index({ properties: ['organizationId', 'createdAt', 'id'] })
@Index({ properties: ['organizationId', 'issuer'] })
@Filter(tenant('McpOAuthClient', 'environment'))
export class McpOAuthClient extends Node {
  @ManyToOne(() => Organization, { fieldName: 'organization_id', mapToPk: true })
  organizationId!: string

  @ManyToOne(() => Project, { fieldName: 'project_id', mapToPk: true })
  projectId!: string

  @Field(() => Environment, { description: 'Environment that the client belongs to. Never changes.' })
  @Property(text())
  environment!: Environment

  @Field(() => UrlScalar, { description: 'Issuer of the authorization server, compared exactly (RFC 8414 §3.3).' })
  @Property(text())
  issuer!: string

  @Field(() => McpOAuthClientKind, { description: 'Kind of the client: the way in which the authorization server knows it.' })
  @Property(text())
  kind!: McpOAuthClientKind

  @Field(() => String, { description: 'Client id at the authorization server.' })
  @Property(text())
  clientId!: string

  /** Null for a public client. */
  @Property(text({ nullable: true }))
  sealedSecret!: string | null

  @Field(() => UrlScalar, { description: 'Redirect URI to register at the authorization server: one for each client.' })
  @Property(text())
  redirectUri!: string

  @Field(() => DateTimeScalar, { description: 'Creation time of the client.' })
  @Property(timestamp())
  createdAt!: Date

  /** The authorization server knows the client no longer: the next connection registers another one. */
  @Property(timestamp({ nullable: true }))
  retiredAt!: Date | null
}

/** Associated data of the sealed client secret: it does not open on another row, nor for another issuer. */
export const clientSecretAad = ({
  organizationId,
  projectId,
  environment,
  issuer,
  id,
}: Pick<McpOAuthClient, 'organizationId' | 'projectId' | 'environment' | 'issuer' | 'id'>): string[] => [
  'mcp_oauth_client',
  organizationId,
  projectId,
  environment,
  issuer,
  id,
]
