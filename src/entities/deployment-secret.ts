/** A random key of the deployment, sealed under the master key. It belongs to no tenant, so no filter guards it. */
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy'

import { timestamp, text } from './columns.js'

@Entity()
export class DeploymentSecret {
  /** What it is for. */
  @PrimaryKey(text())
  id!: string

  /** 32 bytes in base64url, sealed. */
  @Property(text())
  sealedValue!: string

  @Property(timestamp())
  createdAt!: Date
}

/** What the sealed value of a deployment secret is bound to. */
export const deploymentSecretAad = (name: string): string[] => ['deployment_secret', name]
