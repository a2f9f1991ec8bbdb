/** Record that a key family has called an MCP server under approval. Deleted with the server, not with approvals or end users. */
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

  /** Root of the key family (`ApiKey.rootKeyIds`). */
  @PrimaryKey(text())
  rootKeyId!: string

  @Property(text())
  organizationId!: string

  @Property(text())
  projectId!: string

  @Property(text())
  environment!: Environment
}
