import type { MikroORM } from '@mikro-orm/core'
import { Client, type Pool, type PoolClient } from 'pg'

import { postgresMigrations } from './migrations/postgres/index.js'
import { common } from './orm-options.js'

/** Any number will do, as long as every process takes the same. */
const migrationLock = 4_711_001

/**
 * A transaction whose connection breaks cannot roll back, and is then not handed back either: without this the pool is
 * empty for good after as many breaks as it has connections. Whoever held it has long been told when the time is over.
 */
function reclaimLostConnections(pool: Pool): void {
  const reclaim = (client: PoolClient): void => {
    try {
      client.release(true)
    } catch {
      // It was handed back after all.
    }
  }
  pool.on('connect', (client) => client.once('end', () => setTimeout(reclaim, 1000, client).unref()))
}

export async function createPostgres(url: string, onPool: (pool: Pool) => void): Promise<MikroORM> {
  const { MikroORM: Postgres } = await import('@mikro-orm/postgresql')
  return Postgres.init({
    ...common,
    clientUrl: url,
    pool: { max: 8 },
    driverOptions: {
      connectionTimeoutMillis: 5000,
      query_timeout: 15_000,
      onPoolCreated(pool: Pool) {
        reclaimLostConnections(pool)
        onPool(pool)
      },
    },
    migrations: { migrationsList: postgresMigrations, snapshot: false, disableForeignKeys: false, silent: true },
  })
}

export async function lockDatabase(url: string): Promise<() => Promise<void>> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5000 })
  // A connection that is lost tells its queries; unheard, the event would end the process first.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('select pg_advisory_lock($1)', [migrationLock])
  } catch (error) {
    await client.end()
    throw error
  }
  return () => client.end()
}
