/** What one owner presents to an MCP server. It goes in and never comes out: the row holds it sealed, for this row alone. */
import { Entity, Filter, Index, ManyToOne, Property } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType } from 'type-graphql'

import { timestamp, json, text } from './columns.js'
import { type CredentialStatus, type Environment, McpAuthType } from './enums.js'
import { Node } from './node.js'
import { Organization } from './organization.js'
import { Project } from './project.js'
import { DateTimeScalar } from './scalars.js'
import { owner, tenant } from './tenant-filter.js'

@ObjectType('McpCredential', {
  implements: Node,
  description: 'What one owner presents to an MCP server. Its value is never shown again, to anybody.',
})
@Entity()
@Index({ properties: ['serverId', 'createdAt', 'id'] })
@Index({ properties: ['organizationId', 'endUserId'] })
@Filter(tenant('McpCredential', 'environment'))
@Filter(owner('McpCredential', 'private'))
export class McpCredential extends Node {
  @ManyToOne(() => Organization, { fieldName: 'organization_id', mapToPk: true })
  organizationId!: string

  @ManyToOne(() => Project, { fieldName: 'project_id', mapToPk: true })
  projectId!: string

  @Property(text())
  environment!: Environment

  /** Null: the backend's own. */
  @Property(text({ nullable: true }))
  endUserId!: string | null

  /** Outlives its server, as a record. */
  @Property(text())
  serverId!: string

  /** Where it was given for: it goes to no other scheme, host or port, whatever became of the server. */
  @Property(text())
  origin!: string

  @Field(() => String, { nullable: true, description: 'What its owner calls it.' })
  @Property(text({ nullable: true }))
  name!: string | null

  @Field(() => McpAuthType, { description: 'How it is presented.' })
  @Property(text())
  authType!: McpAuthType

  @Field(() => String, {
    nullable: true,
    description: '`****...` and the last four characters of a secret of 12 or more, else `****`; null for headers and none.',
  })
  @Property(text({ nullable: true }))
  authorizationPreview!: string | null

  @Field(() => [String], { description: 'The names of its headers; their values are never shown.' })
  @Property(json())
  headerNames!: string[]

  /** Wiped when the credential is revoked; null from the start when there is nothing to keep secret. */
  @Property(text({ nullable: true }))
  sealedValue!: string | null

  @Field(() => DateTimeScalar, { nullable: true, description: 'When it ends; null: never.' })
  @Property(timestamp({ nullable: true }))
  expiresAt!: Date | null

  @Field(() => DateTimeScalar, { nullable: true, description: 'When it was last sent to the server; null: never.' })
  @Property(timestamp({ nullable: true }))
  lastUsedAt!: Date | null

  @Field(() => DateTimeScalar, { description: 'When it was stored.' })
  @Property(timestamp())
  createdAt!: Date

  @Field(() => DateTimeScalar, { description: 'When it was last changed; use does not count.' })
  @Property(timestamp())
  updatedAt!: Date

  @Field(() => DateTimeScalar, { nullable: true, description: 'When it was revoked, and its value wiped.' })
  @Property(timestamp({ nullable: true }))
  revokedAt!: Date | null

  status(now: Date): CredentialStatus {
    if (this.revokedAt) return 'REVOKED'
    return this.expiresAt && this.expiresAt <= now ? 'EXPIRED' : 'ACTIVE'
  }

  /** What its sealed value is bound to: on any other row it does not open. */
  aad(): (string | null)[] {
    return ['mcp_credential', this.organizationId, this.projectId, this.environment, this.endUserId, this.serverId, this.origin, this.id]
  }

  /** For good: the value is gone, the record stays. */
  revoke(now: Date): void {
    this.revokedAt = now
    this.updatedAt = now
    this.sealedValue = null
  }
}
