/** A way back in for a member: 15 minutes, once. Only the digest is kept. */
import { Entity, Filter, Index, ManyToOne, PrimaryKey, Property, Unique } from '@mikro-orm/decorators/legacy'

import { timestamp, text } from './columns.js'
import { Organization } from './organization.js'
import { tenant } from './tenant-filter.js'
import { User } from './user.js'

@Entity()
@Index({ properties: ['organizationId'] })
@Filter(tenant('SignInToken', 'organization'))
export class SignInToken {
  @PrimaryKey(text())
  id!: string

  @ManyToOne(() => Organization, { fieldName: 'organization_id', mapToPk: true })
  organizationId!: string

  @ManyToOne(() => User, { fieldName: 'user_id', mapToPk: true, index: true })
  userId!: string

  @Property(text())
  @Unique()
  digest!: string

  /** The user who made it, whose right is asked again when it is used; null: the command line. */
  @Property(text({ nullable: true }))
  createdBy!: string | null

  @Property(timestamp())
  createdAt!: Date

  @Property(timestamp())
  expiresAt!: Date

  @Property(timestamp({ nullable: true }))
  usedAt!: Date | null
}
