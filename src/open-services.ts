import type { Pool } from 'pg'
import type { Logger } from 'pino'

import type { Config } from './config/config.js'
import { fitDescriptors } from './config/limits-config.js'
import type { Services } from './context/services.js'
import { onceAtATime, openDatabase } from './database/database.js'
import { sealedRowsOf } from './encryption/count-sealed-rows.js'
import { deploymentIdOf, openDeploymentSecrets } from './encryption/deployment-secrets.js'
import { isNewDatabase, loadMasterKeys, wrongMasterKeys } from './encryption/master-keys.js'
import { proveMasterKeys } from './encryption/verify-master-keys.js'
import { openStores } from './journal/create-journal.js'
import type { Journal } from './journal/journal.js'
import { LastUsed } from './journal/last-used.js'
import { RefusalJournal } from './journal/refusal-journal.js'
import { tracedJournal } from './journal/traced-journal.js'
import { BackgroundWriter, type WriteBehind } from './journal/write-behind.js'
import { systemClock, type Clock } from './lib/clock.js'
import { ConcurrencyLimiter } from './lib/concurrency.js'
import { WindowCounters } from './lib/fixed-window.js'
import { maxConnectionsFor, maxDescriptors } from './lib/max-descriptors.js'
import { SealError } from './lib/seal.js'
import { newLogger } from './observability/log.js'
import { Metrics } from './observability/metrics.js'
import type { Traces } from './observability/traces.js'
import { openOutbound } from './outbound/create-outbound.js'
import { loopGuardedOutbound } from './outbound/loop-guard.js'
import { meteredOutbound } from './outbound/metered-outbound.js'
import { maxLookupsFor, type Resolve } from './outbound/name-lookups.js'
import { tracedOutbound } from './outbound/traced-outbound.js'
import { openLimiter } from './rate-limits/create-limiter.js'
import { VerificationQueue } from './rate-limits/verification-queue.js'
import { ensureSigningKeys } from './signing-keys/ensure-signing-keys.js'
import { openKeyring } from './signing-keys/keyring.js'
import { UsageCounts } from './usage/usage-aggregator.js'

/** Addresses that sent unknown credentials, remembered at once; of more the oldest is forgotten, so that nobody fills the memory. */
const mostStrangers = 10_000

export interface ServiceOverrides {
  readonly clock?: Clock
  readonly log?: Logger
  /** How outbound requests look names up. */
  readonly resolve?: Resolve
  /** Descriptors that this process may have open. */
  readonly descriptorLimit?: number
}

/** Everything but the HTTP server: what the command line needs too. */
export async function openServices(
  config: Config,
  { clock = systemClock, log = newLogger(config.logLevel), resolve, descriptorLimit = maxDescriptors() }: ServiceOverrides = {},
  traces?: Traces,
): Promise<{ services: Services; close: () => Promise<void> }> {
  const metrics = new Metrics()
  const orm = await openDatabase(config, (pool) => watchPool(metrics, pool))
  const closers = [() => orm.close(true)]
  const close = async (): Promise<void> => {
    for (const end of closers) await end()
  }
  try {
    const { masterKeys, secrets } = await onceAtATime(config, async () => {
      await orm.migrator.up()
      const keys = loadMasterKeys(config, await isNewDatabase(orm))
      await proveMasterKeys(orm, config, keys, clock)
      await ensureSigningKeys({ orm, config, masterKeys: keys, clock })
      const deploymentSecrets = await openDeploymentSecrets(orm, keys, clock).catch((error: unknown) => {
        throw error instanceof SealError ? wrongMasterKeys(config, error) : error
      })
      return { masterKeys: keys, secrets: deploymentSecrets }
    })
    const { queries, queryRunner, ...stores } = await openStores(orm, config, clock, metrics.committed)
    const system = config.databaseUrl === undefined ? 'sqlite' : 'postgresql'
    const journal = traces ? tracedJournal(stores.journal, traces, system) : stores.journal
    // Closed after the journal: a query that ran out of time may still hold its thread.
    closers.unshift(
      () => journal.close(),
      () => queries.close(),
    )
    const keyring = openKeyring(queryRunner, masterKeys, config.url)
    await keyring.prove().catch((error: unknown) => {
      throw error instanceof SealError ? wrongMasterKeys(config, error) : error
    })
    const limiter = openLimiter(config)
    closers.unshift(() => limiter.close())
    const { writeBehind, writer } = openWriteBehind(journal, log, config, metrics)
    closers.unshift(() => writer.close())
    const refusals = new RefusalJournal(journal, clock, log)
    closers.unshift(() => refusals.close())
    const strangers = new WindowCounters(mostStrangers)
    const limits = fitDescriptors(config.limits, descriptorLimit)
    const maxConnections = maxConnectionsFor(descriptorLimit)
    const lookups = { perOrganization: limits.lookupsPerOrganization, total: maxLookupsFor(config.threadPoolSize) }
    const ownOutbound = openOutbound({ allowed: config.outboundAllow, lookups, maxConnections, ...(resolve ? { resolve } : {}) })
    const metered = meteredOutbound(loopGuardedOutbound(ownOutbound, config.url, deploymentIdOf(secrets)), metrics)
    const outbound = traces ? tracedOutbound(metered, traces) : metered
    closers.unshift(() => outbound.close())
    const shared = {
      config,
      limits,
      maxConnections,
      clock,
      orm,
      journal,
      queryRunner,
      queries,
      keyring,
      masterKeys,
      outbound,
      inFlight: new ConcurrencyLimiter(),
      refusals,
      writeBehind,
      limiter,
      strangers,
      verifications: new VerificationQueue(),
      secrets,
      metrics,
      log,
    }
    metrics.gauge('keyhouse_sealed_rows', 'Rows sealed under each master key.', ['what', 'key_id'], sealedRowsOf(shared))
    return { services: shared, close }
  } catch (error) {
    // An open connection would keep the process alive after it has said why it cannot serve.
    await close()
    throw error
  }
}

/** PostgreSQL alone has a pool. */
function watchPool(metrics: Metrics, pool: Pool): void {
  metrics.gauge('keyhouse_database_pool', 'Connections for changes, and who waits for one.', ['state'], () => [
    [['busy'], pool.totalCount - pool.idleCount],
    [['idle'], pool.idleCount],
    [['waiting'], pool.waitingCount],
  ])
}

function openWriteBehind(
  journal: Journal,
  log: Logger,
  { databaseUrl }: Config,
  metrics: Metrics,
): { writeBehind: WriteBehind; writer: BackgroundWriter } {
  const lastUsed = new LastUsed(databaseUrl !== undefined)
  const usage = new UsageCounts(databaseUrl !== undefined)
  const sources = [lastUsed, usage]
  metrics.gauge('keyhouse_write_behind_rows', 'Rows that wait to be written behind.', ['source'], () =>
    sources.map(({ name, size }) => [[name], size]),
  )
  const writer = new BackgroundWriter(journal, log, sources, metrics.notYetWritten)
  const writeBehind: WriteBehind = {
    keyUsed: (id, at) => lastUsed.keyUsed(id, at),
    personalTokenUsed: (id, at) => lastUsed.personalTokenUsed(id, at),
    endUserSeen: (id, at) => lastUsed.endUserSeen(id, at),
    credentialUsed: (id, at) => lastUsed.credentialUsed(id, at),
    used: (use) => usage.used(use),
    flush: () => writer.flush(),
  }
  return { writeBehind, writer }
}
