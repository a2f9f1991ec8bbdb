/** Version that migrated the database, and settings that the server last ran with: one row. It belongs to no tenant. */
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy'

import { text } from './columns.js'

export const deploymentStateId = 'deployment'

@Entity()
export class DeploymentState {
  @PrimaryKey(text())
  id!: string

  /** Version of Keyhouse that applied the latest migration. */
  @Property(text())
  migratedBy!: string

  /** KEYHOUSE_URL of the server; null until one has started. */
  @Property(text({ nullable: true }))
  url!: string | null

  /** Sum of the revocation versions of deleted organizations. */
  @Property({ type: 'bigint', default: 0, lazy: true })
  deletedRevocations!: string

  /** KEYHOUSE_JWT_ALGORITHM of the server. */
  @Property(text({ nullable: true }))
  jwtAlgorithm!: string | null

  /** KEYHOUSE_KEY_PREFIX of the server. */
  @Property(text({ nullable: true }))
  keyPrefix!: string | null

  /** Ids of the server's master keys in their order, separated by commas. */
  @Property(text({ nullable: true }))
  masterKeyIds!: string | null
}
