/** Random key of the deployment, sealed with the master key. It belongs to no tenant, so it has no tenant filter. */
import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy'

import { timestamp, text } from './columns.js'

@Entity()
export class DeploymentSecret {
  /** Purpose of the key (encryption/deployment-secrets.ts). */
  @PrimaryKey(text())
  id!: string

  /** 32 bytes in base64url, sealed. */
  @Property(text())
  sealedValue!: string

  @Property(timestamp())
  createdAt!: Date
}

/** Associated data of the sealed value: it does not open on another row. */
export const deploymentSecretAad = (name: string): string[] => ['deployment_secret', name]
