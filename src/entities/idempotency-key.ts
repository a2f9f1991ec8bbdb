/** Idempotency key: maps a completed create to its result for 24 hours (journal/idempotency.ts). */
import { Entity, Filter, Index, PrimaryKey, Property } from '@mikro-orm/decorators/legacy'

import { timestamp, text } from './columns.js'
import { tenant } from './tenant-filter.js'

@Entity()
@Index({ properties: ['expiresAt'] })
@Filter(tenant('IdempotencyKey', 'organization'))
export class IdempotencyKey {
  /** Digest of organization, credential, end user, operation and key. The key itself is not stored. */
  @PrimaryKey(text())
  id!: string

  @Property(text())
  organizationId!: string

  /** Id of the created object. */
  @Property(text())
  subjectId!: string

  /** HMAC of the input: a plain digest would let secrets in it be guessed. */
  @Property(text())
  inputMac!: string

  @Property(timestamp())
  expiresAt!: Date
}
