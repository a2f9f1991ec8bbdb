/** What a master key is recognised by: a text that only it opens. It belongs to the deployment, so no filter guards it. */
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy'

import { timestamp, text } from './columns.js'

@Entity()
export class MasterKeyProof {
  /** The id of the master key. */
  @PrimaryKey(text())
  id!: string

  @Property(text())
  sealedProof!: string

  @Property(timestamp())
  firstSeenAt!: Date
}

export const masterKeyProofAad = (keyId: string): string[] => ['master_key', keyId]
