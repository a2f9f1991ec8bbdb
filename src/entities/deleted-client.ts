/** API key of a deleted organization that has unexpired access tokens. Revocation lists name it until the last one expires. */
import { Entity, Index, PrimaryKey, Property } from '@mikro-orm/decorators/legacy'

import { text, timestamp } from './columns.js'
import type { Environment } from './enums.js'

@Entity()
@Index({ properties: ['expiresAt', 'id'] })
@Index({ properties: ['organizationId', 'environment', 'expiresAt', 'id'] })
export class DeletedClient {
  /** Id of the API key: the `client_id` of its tokens. */
  @PrimaryKey(text())
  id!: string

  @Property(text())
  organizationId!: string

  @Property(text())
  environment!: Environment

  /** Expiry of its last access token. */
  @Property(timestamp())
  expiresAt!: Date
}
