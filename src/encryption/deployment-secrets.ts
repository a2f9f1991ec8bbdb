/** Random keys of the deployment: made once, by whichever process is first, and sealed in the database. */
import { createHmac, createSecretKey, randomBytes, type KeyObject } from 'node:crypto'

import { secretPurposes, type DeploymentSecrets, type SecretPurpose, type Services } from '../context/context.js'
import { open, seal, type MasterKeys } from '../lib/seal.js'

/** What the sealed value of a deployment secret is bound to. */
export const deploymentSecretBoundTo = (name: string): string[] => ['deployment_secret', name]

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
