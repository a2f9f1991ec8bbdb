/** Refresh token of an OAuth grant. Each use replaces it; a repeated use within 30 seconds returns the same successor. */
import { Entity, Filter, Index, ManyToOne, PrimaryKey, Property, Unique } from '@mikro-orm/decorators/legacy'

import { text, timestamp } from './columns.js'
import { Organization } from './organization.js'
import { tenant } from './tenant-filter.js'

@Entity()
@Index({ properties: ['organizationId'] })
@Index({ properties: ['grantId'] })
@Index({ properties: ['expiresAt'] })
// Responses to wipe. Partial, so that a few rows are in it.
@Index({ properties: ['replayUntil'], where: 'sealed_successor is not null' })
@Filter(tenant('OAuthRefreshToken', 'organization'))
export class OAuthRefreshToken {
  @PrimaryKey(text())
  id!: string

  @ManyToOne(() => Organization, { fieldName: 'organization_id', mapToPk: true })
  organizationId!: string

  @Property(text())
  grantId!: string

  @Property(text())
  @Unique()
  digest!: string

  @Property(timestamp())
  createdAt!: Date

  @Property(timestamp())
  expiresAt!: Date

  @Property(timestamp({ nullable: true }))
  usedAt!: Date | null

  /** Sealed response of the first use, which a repeated use gets. Null before it, and once `replayUntil` has passed. */
  @Property(text({ nullable: true }))
  sealedSuccessor!: string | null

  @Property(timestamp({ nullable: true }))
  replayUntil!: Date | null
}

/** Associated data of the sealed successor: it does not open on another row. */
export const successorAad = ({ organizationId, grantId, id }: Pick<OAuthRefreshToken, 'organizationId' | 'grantId' | 'id'>): string[] => [
  'oauth_refresh_token',
  organizationId,
  grantId,
  id,
]
