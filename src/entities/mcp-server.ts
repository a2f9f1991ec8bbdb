/** An MCP server that agents may use, registered by a backend once for all or for one of its end users. */
import { Entity, Filter, Index, ManyToOne, Property, Unique } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType } from 'type-graphql'

import { timestamp, json, text } from './columns.js'
import { Environment, McpApprovalPolicy } from './enums.js'
import { Node } from './node.js'
import { Organization } from './organization.js'
import { Project } from './project.js'
import { DateTimeScalar, JsonObjectScalar, UrlScalar } from './scalars.js'
import { owner, tenant } from './tenant-filter.js'

@ObjectType('McpServer', {
  implements: Node,
  description: 'An MCP server that agents may use. One without an end user is readable by every end user of its project and environment.',
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

  @Field(() => Environment, { description: 'Where it can be used. Never changes.' })
  @Property(text())
  environment!: Environment

  /** Null: the backend's own. */
  @Property(text({ nullable: true }))
  endUserId!: string | null

  /** The owner as a text, since null is equal to nothing in a unique index. */
  @Property(text())
  ownerKey!: string

  @Field(() => String, { description: 'What people call it.' })
  @Property(text())
  name!: string

  @Field(() => String, { description: 'What agents call it, unique for its owner: `^[A-Za-z0-9._-]+$`.' })
  @Property(text())
  serverLabel!: string

  @Field(() => UrlScalar, { description: 'Where it speaks MCP over streamable HTTP.' })
  @Property(text())
  serverUrl!: string

  @Field(() => String, { nullable: true, description: 'What it is good for.' })
  @Property(text({ nullable: true }))
  serverDescription!: string | null

  @Field(() => [String], { nullable: true, description: 'The tools that may be used; null: every tool.' })
  @Property(json({ nullable: true }))
  allowedTools!: string[] | null

  @Field(() => McpApprovalPolicy, { description: 'Whether a person has to approve its tool calls.' })
  @Property(text())
  requireApproval!: McpApprovalPolicy

  @Field(() => JsonObjectScalar, { description: 'Whatever your product wants to remember with it.' })
  @Property(json())
  metadata!: Record<string, unknown>

  @Field(() => DateTimeScalar, { description: 'When it was registered.' })
  @Property(timestamp())
  createdAt!: Date

  @Field(() => DateTimeScalar, { description: 'When it was last changed.' })
  @Property(timestamp())
  updatedAt!: Date

  /** Where its secrets may go: scheme, host and port (RFC 6454 §4). */
  get origin(): string {
    return new URL(this.serverUrl).origin
  }
}

/** The owner of a server as its unique index knows it. */
export const toOwnerKey = (endUserId: string | null): string => endUserId ?? 'backend'
