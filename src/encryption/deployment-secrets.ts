/** Random keys of the deployment: made once, by whichever process is first, and sealed in the database. */
import { createHmac, createSecretKey, randomBytes, type KeyObject } from 'node:crypto'

import type { Services } from '../context/services.js'
import { deploymentSecretBoundTo } from '../entities/deployment-secret.js'
import { open, seal, type MasterKeys } from '../lib/seal.js'

const insert = 'insert into deployment_secret (id, sealed_value, created_at) values (?, ?, ?) on conflict do nothing'
const select = { name: 'deployment_secret', sql: 'select sealed_value from deployment_secret where id = ?' }

/** Kept open in memory: what is sealed never changes under its name, only the seal around it does. @throws SealError */
export async function openDeploymentSecrets(
  { journal, clock, config }: Pick<Services, 'journal' | 'clock' | 'config'>,
  masterKeys: MasterKeys,
): Promise<DeploymentSecrets> {
  const keys = {} as Record<SecretPurpose, KeyObject>
  for (const name of secretPurposes) {
    let row = await journal.read(select, [name])
    if (!row) {
      const sealed = seal(masterKeys, deploymentSecretBoundTo(name), randomBytes(32).toString('base64url'))
      const now = config.databaseUrl === undefined ? clock().getTime() : clock().toISOString()
      await journal.background([{ sql: insert, parameters: [name, sealed, now] }])
      // Another process may have been first: what is there now counts.
      row = await journal.read(select, [name])
    }
    const value = open(masterKeys, deploymentSecretBoundTo(name), String(row?.['sealed_value']))
    keys[name] = createSecretKey(Buffer.from(value, 'base64url'))
  }
  return { mac: (purpose, text) => createHmac('sha256', keys[purpose]).update(text).digest('hex') }
}

/** Random keys of the deployment, sealed in the database. */
export interface DeploymentSecrets {
  /** HMAC-SHA-256 in hex; the same in every process, and after a change of master key. */
  mac(purpose: SecretPurpose, text: string): string
}

/** Each has a key of its own. */
export const secretPurposes = ['idempotency', 'mcp_session', 'cdn_loop'] as const

export type SecretPurpose = (typeof secretPurposes)[number]
