/** That a create was done under an idempotency key, and what it made: for 24 hours the same again makes nothing new. */
import { Entity, Filter, Index, PrimaryKey, Property } from '@mikro-orm/decorators/legacy'

import { timestamp, text } from './columns.js'
import { tenant } from './tenant-filter.js'

@Entity()
@Index({ properties: ['expiresAt'] })
@Filter(tenant('IdempotencyKey', 'organization'))
export class IdempotencyKey {
  /** A digest of credential, end user, operation and key: what the key is unique within. The key itself is not kept. */
  @PrimaryKey(text())
  id!: string

  @Property(text())
  organizationId!: string

  /** The record that was made. */
  @Property(text())
  subjectId!: string

  /** An HMAC, since an input may hold secrets. */
  @Property(text())
  inputMac!: string

  @Property(timestamp())
  expiresAt!: Date
}
