/** Proof of a master key: a sealed constant that only this key opens. It belongs to no tenant, so it has no tenant filter. */
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy'

import { timestamp, text } from './columns.js'

@Entity()
export class MasterKeyProof {
  /** Id of the master key. */
  @PrimaryKey(text())
  id!: string

  @Property(text())
  sealedProof!: string

  @Property(timestamp())
  firstSeenAt!: Date
}

/** Associated data of the proof: it does not open on another row. */
export const masterKeyProofAad = (keyId: string): string[] => ['master_key', keyId]
