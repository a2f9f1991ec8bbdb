/** Creates the journal and the query runners of the configured database. */
import type { MikroORM } from '@mikro-orm/core'

import type { Config } from '../config/config.js'
import { Pipeline } from '../database/pipeline.js'
import { PostgresQueryRunner } from '../database/postgres-query-runner.js'
import { PostgresTenantQueries } from '../database/postgres-tenant-queries.js'
import type { QueryRunner, TenantQueries } from '../database/query-runner.js'
import { SqliteQueryRunner } from '../database/sqlite-query-runner.js'
import { SqliteTenantQueries } from '../database/sqlite-tenant-queries.js'
import { SqliteThreadPool, startSqliteThread } from '../database/sqlite-threads.js'
import { ensureTransaction, sqliteFilePath, getNativeConnection } from '../database/sqlite.js'
import type { Clock } from '../lib/clock.js'
import type { CommitObserver } from '../observability/metrics.js'
import type { Journal } from './journal.js'
import { PostgresJournal } from './postgres-journal.js'
import { SqliteInserts } from './sqlite-inserts.js'
import { SqliteJournal } from './sqlite-journal.js'
import { SqliteWriter } from './sqlite-writer.js'

/** The journal for writes, and the query runners for reads. */
interface Stores {
  readonly journal: Journal
  readonly queryRunner: QueryRunner
  readonly queries: TenantQueries
}

/** @param meter receives the size and duration of each group commit */
export async function createStores(orm: MikroORM, config: Config, clock: Clock, meter: CommitObserver): Promise<Stores> {
  const metadata = orm.getMetadata()
  const { listsPerOrganization, queuedListsPerOrganization } = config.limits
  if (config.databaseUrl !== undefined) {
    const connect = (query_timeout: number): Pipeline => new Pipeline({ connectionString: config.databaseUrl, query_timeout })
    // Reads wait for no lock, so their timeout is shorter.
    const reads = new PostgresQueryRunner(connect(5000), connect(5000))
    return {
      journal: new PostgresJournal(reads, connect(15_000), connect(15_000), metadata, clock, meter),
      queryRunner: reads,
      queries: new PostgresTenantQueries(config.databaseUrl, listsPerOrganization, queuedListsPerOrganization),
    }
  }
  const { default: Sqlite } = await import('better-sqlite3')
  const file = sqliteFilePath(config)
  const writer = await getNativeConnection(orm)
  orm.em.getEventManager().registerSubscriber(ensureTransaction(writer))
  const reads = new SqliteQueryRunner(new Sqlite(file, { readonly: true, timeout: 1000 }))
  const threads = new SqliteThreadPool(() => startSqliteThread(file))
  return {
    journal: new SqliteJournal(new SqliteWriter(writer, new SqliteInserts(writer, metadata), clock), reads, meter),
    queryRunner: reads,
    queries: new SqliteTenantQueries(reads, threads, queuedListsPerOrganization),
  }
}
