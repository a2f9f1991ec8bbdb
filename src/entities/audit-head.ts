/** Last event in an organization's audit chain. Locking this row serializes the changes of one organization. */
import { Entity, Filter, PrimaryKey, Property } from '@mikro-orm/decorators/legacy'

import { integer, text } from './columns.js'
import { tenant } from './tenant-filter.js'

@Entity()
@Filter(tenant('AuditHead', 'organization'))
export class AuditHead {
  @PrimaryKey(text())
  organizationId!: string

  @Property(integer())
  seq!: number

  @Property(text())
  hash!: string
}
