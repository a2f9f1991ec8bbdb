/** A tool call that waits for a person. Its arguments are kept while it is open, and wiped when it closes. */
import { Entity, Filter, Index, ManyToOne, Property } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType } from 'type-graphql'

import { timestamp, json, text } from './columns.js'
import type { Environment, McpToolApprovalStatus } from './enums.js'
import { Node } from './node.js'
import { Organization } from './organization.js'
import { Project } from './project.js'
import { DateTimeScalar } from './scalars.js'
import { owner, tenant } from './tenant-filter.js'

@ObjectType('McpToolApproval', { implements: Node, description: 'A tool call that waits for a person, or waited for one.' })
@Entity()
@Index({ properties: ['serverId', 'callDigest', 'id'] })
@Index({ properties: ['state', 'expiresAt'] })
@Index({ properties: ['organizationId', 'requestedAt', 'id'] })
@Index({ properties: ['organizationId', 'endUserId'] })
// How many wait.
@Index({ properties: ['projectId', 'environment', 'state', 'endUserId'] })
@Filter(tenant('McpToolApproval', 'environment'))
@Filter(owner('McpToolApproval', 'private'))
export class McpToolApproval extends Node {
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

  /** What must be the same for the call to pass (mcp/gateway/call-digest.ts). */
  @Property(text())
  callDigest!: string

  @Field(() => String, { description: 'The tool that is to be called.' })
  @Property(text())
  tool!: string

  @Property(json({ nullable: true }))
  arguments!: Record<string, unknown> | null

  /** As it was last written; that its time has run out shows in {@link status}. */
  @Property(text())
  state!: McpToolApprovalStatus

  /** The keys behind the calls that asked for it: none of them decides it, nor any relative. */
  @Property(json())
  requestedBy!: string[]

  @Field(() => DateTimeScalar, { description: 'When the call was made that asked for it.' })
  @Property(timestamp())
  requestedAt!: Date

  @Field(() => DateTimeScalar, {
    description:
      'Until when it can be decided, or the decision holds: ten minutes each, an approval no longer than the credential that gave it.',
  })
  @Property(timestamp())
  expiresAt!: Date

  @Field(() => DateTimeScalar, { nullable: true, description: 'When it was decided.' })
  @Property(timestamp({ nullable: true }))
  decidedAt!: Date | null

  @Property(text({ nullable: true }))
  decidedBy!: string | null

  @Field(() => String, { nullable: true, description: 'Why, in the words of who decided.' })
  @Property(text({ nullable: true }))
  reason!: string | null

  status(now: Date): McpToolApprovalStatus {
    const isOpen = this.state === 'PENDING' || this.state === 'APPROVED'
    return isOpen && this.expiresAt <= now ? 'EXPIRED' : this.state
  }

  isOpenAt(now: Date): boolean {
    const status = this.status(now)
    return status === 'PENDING' || status === 'APPROVED'
  }
}
