/** Authorization code (RFC 6749 §4.1.2): valid once, for 60 seconds. Only its digest is stored. */
import { Entity, Filter, Index, ManyToOne, PrimaryKey, Property, Unique } from '@mikro-orm/decorators/legacy'

import { text, timestamp } from './columns.js'
import { Organization } from './organization.js'
import { tenant } from './tenant-filter.js'

@Entity()
@Index({ properties: ['organizationId'] })
@Index({ properties: ['grantId'] })
@Index({ properties: ['expiresAt'] })
@Filter(tenant('OAuthCode', 'organization'))
export class OAuthCode {
  @PrimaryKey(text())
  id!: string

  @ManyToOne(() => Organization, { fieldName: 'organization_id', mapToPk: true })
  organizationId!: string

  @Property(text())
  grantId!: string

  @Property(text())
  @Unique()
  digest!: string

  /** As sent to the authorization endpoint. The token request must repeat it. */
  @Property(text())
  redirectUri!: string

  /** PKCE code challenge, method S256 (RFC 7636 §4.2). */
  @Property(text())
  codeChallenge!: string

  @Property(timestamp())
  expiresAt!: Date

  @Property(timestamp({ nullable: true }))
  usedAt!: Date | null
}
