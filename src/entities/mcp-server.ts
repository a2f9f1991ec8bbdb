/** MCP server registered in the vault, by a backend for all of its end users or for one of them. */
import { Entity, Filter, Index, ManyToOne, Property, Unique } from '@mikro-orm/decorators/legacy'
import { Field, ID, ObjectType } from 'type-graphql'

import { timestamp, json, text } from './columns.js'
import { Environment, McpApprovalPolicy } from './enums.js'
import { McpServerOAuth } from './mcp-server-oauth.js'
import { Node } from './node.js'
import { Organization } from './organization.js'
import { Project } from './project.js'
import { DateTimeScalar, JsonObjectScalar, UrlScalar } from './scalars.js'
import { owner, tenant } from './tenant-filter.js'

@ObjectType('McpServer', {
  simpleResolvers: true,
  implements: Node,
  description:
    'MCP server. Registered in the vault and reached through the gateway at `/mcp/{id}`. Without an end user, every end user of its project and environment can read it. Reading needs `mcp_server:read`.',
})
@Entity()
@Unique({ name: 'mcp_server_label_unique', properties: ['organizationId', 'projectId', 'environment', 'ownerKey', 'serverLabel'] })
@Index({ properties: ['organizationId', 'createdAt', 'id'] })
@Filter(tenant('McpServer', 'environment'))
@Filter(owner('McpServer', 'shared'))
export class McpServer extends Node {
  @ManyToOne(() => Organization, { fieldName: 'organization_id', mapToPk: true })
  organizationId!: string

  @ManyToOne(() => Project, { fieldName: 'project_id', mapToPk: true })
  projectId!: string

  @Field(() => Environment, { description: 'Environment that the server belongs to. Never changes.' })
  @Property(text())
  environment!: Environment

  /** Null: owned by the backend. */
  @Property(text({ nullable: true }))
  endUserId!: string | null

  /** Owner without null, since null equals nothing in a unique index ({@link toOwnerKey}). */
  @Property(text())
  ownerKey!: string

  @Field(() => String, { description: 'Name of the server, for people.' })
  @Property(text())
  name!: string

  @Field(() => String, {
    description: 'Label of the server, for agents: matches `^[A-Za-z0-9._-]+$`. Unique within its owner, project and environment.',
  })
  @Property(text())
  serverLabel!: string

  @Field(() => UrlScalar, { description: 'URL of the MCP endpoint (streamable HTTP).' })
  @Property(text())
  serverUrl!: string

  @Field(() => String, { nullable: true, description: 'Description of the server. Null when none was given.' })
  @Property(text({ nullable: true }))
  serverDescription!: string | null

  @Field(() => [String], {
    nullable: true,
    description: 'Names of the tools that callers can list and call. Null: every tool. Empty: no tool.',
  })
  @Property(json({ nullable: true }))
  allowedTools!: string[] | null

  @Field(() => McpApprovalPolicy, { description: 'Approval policy for the tool calls of this server.' })
  @Property(text())
  requireApproval!: McpApprovalPolicy

  /** No foreign key: a revoked credential stays named, and is not sent. */
  @Field(() => ID, {
    nullable: true,
    description:
      'Id of the credential that the gateway sends for end users without a usable credential of their own. It belongs to the backend, and is not sent once it is expired or revoked. Null: none.',
  })
  @Property(text({ nullable: true }))
  sharedCredentialId!: string | null

  @Field(() => McpServerOAuth, {
    nullable: true,
    description: 'Settings for connecting accounts by OAuth. Null: those that the metadata of the server name.',
  })
  @Property(json({ nullable: true }))
  oauth!: McpServerOAuth | null

  @Field(() => JsonObjectScalar, {
    description: 'Metadata stored by your product. Keyhouse does not interpret it. Empty object when none was given.',
  })
  @Property(json())
  metadata!: Record<string, unknown>

  @Field(() => DateTimeScalar, { description: 'Registration time of the server.' })
  @Property(timestamp())
  createdAt!: Date

  @Field(() => DateTimeScalar, { description: 'Time of the last change of the server. Equal to `createdAt` when never changed.' })
  @Property(timestamp())
  updatedAt!: Date

  /** Scheme, host and port of `serverUrl` (RFC 6454 §4): the only origin that its credentials are sent to. */
  get origin(): string {
    return new URL(this.serverUrl).origin
  }
}

/** Value of `ownerKey`: the end user's id, or `backend`. */
export const toOwnerKey = (endUserId: string | null): string => endUserId ?? 'backend'
