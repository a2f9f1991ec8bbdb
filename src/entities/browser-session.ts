/** Session of an end user in a browser, in one project and environment. Only the digest of its cookie is stored. */
import { Entity, Filter, Index, ManyToOne, PrimaryKey, Property, Unique } from '@mikro-orm/decorators/legacy'

import { text, timestamp } from './columns.js'
import type { Environment } from './enums.js'
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

  /** Of the cookie. Until the end user is back from the product, of the ticket that the product sends with it. */
  @Property(text())
  @Unique()
  digest!: string

  @Property(timestamp())
  createdAt!: Date

  /** Null: the product confirmed the end user, and the browser has not brought the ticket yet. */
  @Property(timestamp({ nullable: true }))
  signedInAt!: Date | null

  @Property(timestamp())
  expiresAt!: Date

  @Property(timestamp({ nullable: true }))
  revokedAt!: Date | null
}
