/** Session of an end user in a browser, in one project and environment. Only the digest of its cookie is stored. */
import { Entity, Filter, Index, ManyToOne, PrimaryKey, Property, Unique } from '@mikro-orm/decorators/legacy'

import { text, timestamp } from './columns.js'
import { Environment } from './enums.js'
import { Organization } from './organization.js'
import { Project } from './project.js'
import { tenant } from './tenant-filter.js'

@Entity()
@Index({ properties: ['organizationId', 'endUserId'] })
@Index({ properties: ['expiresAt'] })
@Filter(tenant('BrowserSession', 'environment'))
export class BrowserSession {
  @PrimaryKey(text())
  id!: string

  @ManyToOne(() => Organization, { fieldName: 'organization_id', mapToPk: true })
  organizationId!: string

  @ManyToOne(() => Project, { fieldName: 'project_id', mapToPk: true })
  projectId!: string

  @Property(text())
  environment!: Environment

  @Property(text())
  endUserId!: string

  @Property(text())
  @Unique()
  digest!: string

  @Property(timestamp())
  createdAt!: Date

  @Property(timestamp())
  expiresAt!: Date

  @Property(timestamp({ nullable: true }))
  revokedAt!: Date | null
}
