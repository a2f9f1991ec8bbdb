/** Sign-in token: signs a member in once, within 15 minutes. Only its digest is stored. */
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

  /** Id of the user who created it, authorized again when it is used. Null: the command line. */
  @Property(text({ nullable: true }))
  createdBy!: string | null

  @Property(timestamp())
  createdAt!: Date

  @Property(timestamp())
  expiresAt!: Date

  @Property(timestamp({ nullable: true }))
  usedAt!: Date | null
}
