/** Approval of an MCP tool call. The arguments are stored while it is open, and wiped when it closes. */
import { Entity, Filter, Index, ManyToOne, Property } from '@mikro-orm/decorators/legacy'
import { Field, ObjectType } from 'type-graphql'

import { timestamp, json, text } from './columns.js'
import type { Environment, McpToolApprovalStatus } from './enums.js'
import { Node } from './node.js'
import { Organization } from './organization.js'
import { Project } from './project.js'
import { DateTimeScalar } from './scalars.js'
import { owner, tenant } from './tenant-filter.js'

@ObjectType('McpToolApproval', {
  simpleResolvers: true,
  implements: Node,
  description:
    'MCP tool approval. Created by a tool call on a server with `requireApproval: ALWAYS`, and decided with `decideMcpToolCall`. Reading needs `mcp_approval:read`.',
})
@Entity()
@Index({ properties: ['serverId', 'callDigest', 'id'] })
@Index({ properties: ['state', 'expiresAt'] })
@Index({ properties: ['organizationId', 'requestedAt', 'id'] })
@Index({ properties: ['organizationId', 'endUserId'] })
// Counts pending approvals.
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

  /** Null: requested by the backend. */
  @Property(text({ nullable: true }))
  endUserId!: string | null

  /** No foreign key: the record outlives its server. */
  @Property(text())
  serverId!: string

  /** Digest that a repeated call must match (mcp/approvals/call-digest.ts). */
  @Property(text())
  callDigest!: string

  @Field(() => String, { description: 'Name of the tool to call.' })
  @Property(text())
  tool!: string

  @Property(json({ nullable: true }))
  arguments!: Record<string, unknown> | null

  /** State as last written. {@link status} adds expiry. */
  @Property(text())
  state!: McpToolApprovalStatus

  /** Ids of the API keys that requested it. Neither they nor keys of their families decide it (docs/decisions/0163). */
  @Property(json())
  requestedBy!: string[]

  @Field(() => DateTimeScalar, { description: 'Time of the first tool call that requested the approval.' })
  @Property(timestamp())
  requestedAt!: Date

  @Field(() => DateTimeScalar, {
    description:
      'Expiry time: 10 minutes after the request, and once decided 10 minutes after the decision. An approval expires earlier with the deciding credential, LOGIN tokens excepted.',
  })
  @Property(timestamp())
  expiresAt!: Date

  @Field(() => DateTimeScalar, { nullable: true, description: 'Decision time. Null: not decided.' })
  @Property(timestamp({ nullable: true }))
  decidedAt!: Date | null

  @Property(text({ nullable: true }))
  decidedBy!: string | null

  @Field(() => String, { nullable: true, description: 'Reason given with the decision. Null when none was given, or not decided.' })
  @Property(text({ nullable: true }))
  reason!: string | null

  /** `now` equal to `expiresAt` is EXPIRED. */
  status(now: Date): McpToolApprovalStatus {
    const isOpen = this.state === 'PENDING' || this.state === 'APPROVED'
    return isOpen && this.expiresAt <= now ? 'EXPIRED' : this.state
  }

  isOpenAt(now: Date): boolean {
    const status = this.status(now)
    return status === 'PENDING' || status === 'APPROVED'
  }
}
