/** The database: SQLite in the data directory or PostgreSQL, its migrations, and the guard of what a flush may touch. */
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'

import type { EventSubscriber, FlushEventArgs, MikroORM, Options } from '@mikro-orm/core'
import { Migrator } from '@mikro-orm/migrations'
import type { Database } from 'better-sqlite3'
import { Client, type Pool, type PoolClient } from 'pg'

import type { Config } from '../config/config.js'
import type { Limiter } from '../context/context.js'
import { entities } from '../entities/index.js'
import { Organization } from '../entities/organization.js'
import { confinementOf, ownersOf, type Ownership, type Scope } from '../entities/tenant-filter.js'
import type { Journal } from '../journal/journal.js'
import { PostgresJournal } from '../journal/postgres-journal.js'
import { SqliteInserts } from '../journal/sqlite-inserts.js'
import { SqliteJournal } from '../journal/sqlite-journal.js'
import type { Clock } from '../lib/clock.js'
import { WindowCounters } from '../lib/fixed-window.js'
import type { GroupMeter } from '../observability/metrics.js'
import { postgresLimiter } from '../rate-limits/postgres-limiter.js'
import { postgresMigrations } from './migrations/postgres/index.js'
import { sqliteMigrations } from './migrations/sqlite/index.js'
import { Pipeline } from './pipeline.js'
import { PostgresReads } from './postgres-query-runner.js'
import { PostgresTenantQueries } from './postgres-tenant-queries.js'
import type { TenantQueries } from './queries/credentials.js'
import { SqliteReads } from './sqlite-query-runner.js'
import { SqliteTenantQueries } from './sqlite-tenant-queries.js'
import { SqliteThreads, startSqliteThread } from './sqlite-threads.js'
import { somethingToRollBack } from './sqlite.js'

/** Keys with limits whose windows run at once in one process; of more the oldest windows are forgotten. */
const mostLimitedKeys = 1_000_000

/** Any number will do, as long as every process takes the same. */
const migrationLock = 4_711_001

/**
 * A row that is changed must belong to the caller before and after. The filter scopes what is read; this closes the ways
 * around it: references, merged objects, new rows with a foreign column.
 */
class FlushGuard implements EventSubscriber {
  onFlush({ em, uow }: FlushEventArgs): void {
    for (const { meta, entity, originalEntity } of uow.getChangeSets()) {
      const scope: unknown = em.getFilterParams('tenant')
      const ownership: unknown = em.getFilterParams('owner')
      const confinement = {
        ...confinementOf(meta.className, scope as Scope),
        ...ownersOf(meta.className, ownership as Ownership | undefined),
      }
      for (const [column, values] of Object.entries(confinement)) {
        const isWithin = (row: object): boolean => !values || values.includes(Reflect.get(row, column) as string | null)
        if (!isWithin(entity as object) || (originalEntity && !isWithin(originalEntity))) {
          throw new TypeError(`a change of ${meta.className} reaches beyond the caller's ${column}`)
        }
      }
    }
  }
}

const common = {
  entities,
  subscribers: [new FlushGuard()],
  extensions: [Migrator],
  discovery: { warnWhenNoEntities: false },
  // A foreign row would read as null by a join per relation; relations are resolved by loaders, which are filtered anyway.
  autoJoinRefsForFilters: false,
  implicitTransactions: true,
  // Triggers stand in the migrations alone: entities cannot say them for both databases.
  schemaGenerator: { ignoreTriggers: true, ignoreRoutines: true },
  timezone: 'UTC',
} as const satisfies Partial<Options>

export const sqliteFile = (config: Config): string => join(config.dataDir, 'keyhouse.db')

async function openSqlite(config: Config): Promise<MikroORM> {
  const { MikroORM: Sqlite } = await import('@mikro-orm/sqlite')
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const file = sqliteFile(config)
  // Made before SQLite does, so that it is never readable by others; the -wal and -shm files inherit the mode.
  closeSync(openSync(file, 'a', 0o600))
  chmodSync(file, 0o600)
  const orm = await Sqlite.init({
    ...common,
    dbName: file,
    driverOptions: { timeout: 1000 },
    migrations: { migrationsList: sqliteMigrations, snapshot: false, disableForeignKeys: false, silent: true },
  })
  const db = await nativeSqlite(orm)
  // Recursive triggers: without them a row that `insert or replace` overwrites is deleted past the delete trigger.
  for (const pragma of ['journal_mode = wal', 'synchronous = full', 'foreign_keys = on', 'secure_delete = on', 'recursive_triggers = on'])
    db.pragma(pragma)
  return orm
}

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

async function openPostgres(url: string, onPool: (pool: Pool) => void): Promise<MikroORM> {
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

/** @param onPool is handed the connections that changes are made on; SQLite has but one. */
export const openDatabase = (config: Config, onPool: (pool: Pool) => void = () => undefined): Promise<MikroORM> =>
  config.databaseUrl === undefined ? openSqlite(config) : openPostgres(config.databaseUrl, onPool)

async function nativeSqlite(orm: MikroORM): Promise<Database> {
  return (orm.em.getDriver().getConnection() as unknown as { getNativeClient(): Promise<Database> }).getNativeClient()
}

/** Counters of rate limits: in this process on SQLite, which one process serves, and in the database on PostgreSQL. */
export function openLimiter({ databaseUrl }: Config): Limiter & { close(): Promise<void> } {
  if (databaseUrl !== undefined) return postgresLimiter(new Pipeline({ connectionString: databaseUrl }))
  const counters = new WindowCounters(mostLimitedKeys)
  return {
    take: ({ id, rateLimits }, now) => Promise.resolve(counters.take(id, rateLimits, now.getTime())),
    close: () => Promise.resolve(),
  }
}

/** Where changes are written, and where what tenants list and count is read. */
interface Stores {
  readonly journal: Journal
  readonly queries: TenantQueries
}

export async function openStores(orm: MikroORM, config: Config, clock: Clock, meter: GroupMeter): Promise<Stores> {
  const metadata = orm.getMetadata()
  const { listsPerOrganization, queuedListsPerOrganization } = config.limits
  if (config.databaseUrl !== undefined) {
    const line = (query_timeout: number): Pipeline => new Pipeline({ connectionString: config.databaseUrl, query_timeout })
    // Reads wait for no lock.
    const reads = new PostgresReads(line(5000), line(5000))
    return {
      journal: new PostgresJournal(reads, line(15_000), line(15_000), metadata, clock, meter),
      queries: new PostgresTenantQueries(config.databaseUrl, listsPerOrganization, queuedListsPerOrganization),
    }
  }
  const { default: Sqlite } = await import('better-sqlite3')
  const file = sqliteFile(config)
  const writer = await nativeSqlite(orm)
  orm.em.getEventManager().registerSubscriber(somethingToRollBack(writer))
  const reads = new SqliteReads(new Sqlite(file, { readonly: true, timeout: 1000 }))
  const threads = new SqliteThreads(() => startSqliteThread(file))
  return {
    journal: new SqliteJournal(writer, reads, new SqliteInserts(writer, metadata), clock, meter),
    queries: new SqliteTenantQueries(reads, threads, queuedListsPerOrganization),
  }
}

/** Every organization there is: for sweepers and the command line, which act as the system in one after the other. */
export async function organizationIds(orm: MikroORM): Promise<string[]> {
  const rows = await orm.em.fork().find(Organization, {}, { filters: { tenant: false }, orderBy: { id: 'ASC' } })
  return rows.map(({ id }) => id)
}

/** Brings the database up to date. */
export const migrate = (orm: MikroORM, config: Config): Promise<void> => onceAtATime(config, async () => void (await orm.migrator.up()))

/** Of several processes that start at once one prepares the database; the others wait until it has, or has died. */
export async function onceAtATime<T>(config: Config, prepare: () => Promise<T>): Promise<T> {
  const release = config.databaseUrl === undefined ? await lockFolder(config) : await lockServer(config.databaseUrl)
  try {
    return await prepare()
  } finally {
    await release()
  }
}

async function lockServer(url: string): Promise<() => Promise<void>> {
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

/** An exclusive transaction on a file of its own: whoever dies within lets go of it. */
async function lockFolder(config: Config): Promise<() => Promise<void>> {
  const { default: Sqlite } = await import('better-sqlite3')
  const file = join(config.dataDir, 'start.lock')
  closeSync(openSync(file, 'a', 0o600))
  const lock = new Sqlite(file, { timeout: 30_000 })
  lock.exec('begin exclusive')
  return () => Promise.resolve(void lock.close())
}
