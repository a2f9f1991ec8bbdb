/** Applies pending migrations, and refuses a database that a newer version has migrated. */
import type { MikroORM } from '@mikro-orm/core'

import { DeploymentState, deploymentStateId } from '../entities/deployment-state.js'
import { version } from '../lib/version.js'
import { DatabaseRefusedError } from './database-errors.js'

/**
 * The caller holds the startup lock.
 * @throws DatabaseRefusedError
 */
export async function applyMigrations(orm: MikroORM): Promise<void> {
  await assertNotNewer(orm)
  if ((await orm.migrator.up()).length === 0) return
  await orm.em.fork().upsert(DeploymentState, { id: deploymentStateId, migratedBy: version })
}

/** An older version would read and write tables that it does not know. */
async function assertNotNewer(orm: MikroORM): Promise<void> {
  const known = new Set((orm.config.get('migrations').migrationsList as readonly { name: string }[]).map(({ name }) => name))
  const unknown = (await orm.migrator.getExecuted()).map(({ name }) => name).find((name) => !known.has(name))
  if (unknown === undefined) return
  const state = await orm.em.fork().findOne(DeploymentState, { id: deploymentStateId })
  throw new DatabaseRefusedError(
    `A newer version, Keyhouse ${state?.migratedBy ?? 'unknown'}, has migrated this database (${unknown}), and this is Keyhouse ${version}. Run the newer version, or restore the backup from before the upgrade.`,
  )
}
