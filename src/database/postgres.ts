/** PostgreSQL setup: connection pool, migrations, and the startup lock as an advisory lock. */
import type { MikroORM } from '@mikro-orm/core'
import { Client, type Pool, type PoolClient } from 'pg'

import { postgresMigrations } from './migrations/postgres/index.js'
import { commonOrmOptions } from './orm-options.js'
import { takeStartupLock } from './queries/locks.js'

/**
 * Releases lost connections. MikroORM fails to roll back a transaction on a lost connection and then does not release it.
 * Otherwise the pool would stay empty after as many losses as it has connections.
 * The delay lets the holder receive its error first.
 */
function reclaimLostConnections(pool: Pool): void {
  const reclaim = (client: PoolClient): void => {
    try {
      client.release(true)
    } catch {
      // The holder has released it already.
    }
  }
  pool.on('connect', (client) => client.once('end', () => setTimeout(reclaim, 1000, client).unref()))
}

/** @param onPool receives the pool of MikroORM's connections */
export async function createPostgres(url: string, onPool: (pool: Pool) => void): Promise<MikroORM> {
  const { MikroORM: Postgres } = await import('@mikro-orm/postgresql')
  return Postgres.init({
    ...commonOrmOptions,
    clientUrl: url,
    pool: { max: 8 },
    driverOptions: {
      // MikroORM takes host, port, user, password and database from clientUrl, and drops sslmode and sslrootcert.
      connectionString: url,
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

/** Takes the startup lock, which ends with its connection. Returns the function that releases it. */
export async function lockDatabase(url: string): Promise<() => Promise<void>> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5000 })
  // A lost connection rejects its queries. Without a listener the event would end the process first.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query(takeStartupLock)
  } catch (error) {
    await client.end()
    throw error
  }
  return () => client.end()
}
