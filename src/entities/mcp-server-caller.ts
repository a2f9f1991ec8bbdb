/** That keys of a family have called a server under approval. It outlives approvals and end users, and goes with its server. */
import { Entity, Filter, ManyToOne, PrimaryKey, Property } from '@mikro-orm/decorators/legacy'

import { text } from './columns.js'
import type { Environment } from './enums.js'
import { McpServer } from './mcp-server.js'
import { tenant } from './tenant-filter.js'

@Entity()
@Filter(tenant('McpServerCaller', 'environment'))
export class McpServerCaller {
  @ManyToOne(() => McpServer, { fieldName: 'server_id', mapToPk: true, primary: true, deleteRule: 'cascade' })
  serverId!: string

  /** {@link ApiKey.rootKeyIds} */
  @PrimaryKey(text())
  rootKeyId!: string

  @Property(text())
  organizationId!: string

  @Property(text())
  projectId!: string

  @Property(text())
  environment!: Environment
}
