/** The composition root: from a configuration to a running application. Tests build the same one. */
import type { Pool } from 'pg'
import type { Logger } from 'pino'

import type { Config } from './config/config.js'
import { fitDescriptors } from './config/limits-config.js'
import type { Services, WriteBehind } from './context/context.js'
import { onceAtATime, openDatabase, openLimiter, openStores } from './database/database.js'
import { sealedRowsOf } from './encryption/count-sealed-rows.js'
import { openDeploymentSecrets } from './encryption/deployment-secrets.js'
import { isNewDatabase, loadMasterKeys, wrongMasterKeys } from './encryption/master-keys.js'
import { proveMasterKeys } from './encryption/verify-master-keys.js'
import { gatewayTimes, type GatewayTimes } from './gateway/timeouts.js'
import type { Plugin } from './graphql/routed-request.js'
import { createServer } from './http/create-http-server.js'
import { times, type Times } from './http/timeouts.js'
import { startSweepers } from './jobs/jobs.js'
import type { Journal } from './journal/journal.js'
import { LastUsed } from './journal/last-used.js'
import { RefusalJournal } from './journal/refusal-journal.js'
import { tracedJournal } from './journal/traced-journal.js'
import { BackgroundWriter } from './journal/write-behind.js'
import { systemClock, type Clock } from './lib/clock.js'
import { ConcurrencyLimiter } from './lib/concurrency.js'
import { WindowCounters } from './lib/fixed-window.js'
import { maxConnectionsFor, maxDescriptors } from './lib/max-descriptors.js'
import { SealError } from './lib/seal.js'
import { startSweepingApprovals } from './mcp/approvals/expire-approvals.js'
import { newLogger } from './observability/log.js'
import { Metrics } from './observability/metrics.js'
import { openTraces, type Traces } from './observability/traces.js'
import { openOutbound } from './outbound/create-outbound.js'
import { loopGuardedOutbound } from './outbound/loop-guard.js'
import { meteredOutbound } from './outbound/metered-outbound.js'
import { maxLookupsFor, type Resolve } from './outbound/name-lookups.js'
import { tracedOutbound } from './outbound/traced-outbound.js'
import { startSweeping } from './personal-tokens/clear-revealed-text.js'
import { VerificationQueue } from './rate-limits/verification-queue.js'
import { createMetricsServer } from './routes/metrics.js'
import { makeSchema } from './schema.js'
import { ensureSigningKeys } from './signing-keys/ensure-signing-keys.js'
import { openKeyring } from './signing-keys/keyring.js'
import { adoptAlgorithm, keepSigningKeys, tendSigningKeys } from './signing-keys/maintain-signing-keys.js'
import { UsageCounts } from './usage/usage-aggregator.js'

/** Addresses that sent unknown credentials, remembered at once; of more the oldest is forgotten, so that nobody fills the memory. */
const mostStrangers = 10_000

export interface Overrides {
  readonly clock?: Clock
  readonly log?: Logger
  readonly times?: Partial<Times & GatewayTimes>
  /** How outbound requests look names up. */
  readonly resolve?: Resolve
  /** Descriptors that this process may have open. */
  readonly descriptorLimit?: number
  /** Plugins of Apollo Server, added to Keyhouse's own. */
  readonly plugins?: readonly Plugin[]
}

export interface App {
  readonly services: Services
  /** Where it listens. */
  readonly url: string
  /** Answers what is in flight, writes what is behind, and ends. */
  close(): Promise<void>
}

/** Everything but the HTTP server: what the command line needs too. */
export async function openServices(
  config: Config,
  { clock = systemClock, log = newLogger(config.logLevel), resolve, descriptorLimit = maxDescriptors() }: Overrides = {},
  traces?: Traces,
): Promise<{ services: Services; close: () => Promise<void> }> {
  const metrics = new Metrics()
  const orm = await openDatabase(config, (pool) => watchPool(metrics, pool))
  const closers = [() => orm.close(true)]
  const close = async (): Promise<void> => {
    for (const end of closers) await end()
  }
  try {
    const masterKeys = await onceAtATime(config, async () => {
      await orm.migrator.up()
      const keys = loadMasterKeys(config, await isNewDatabase(orm))
      await proveMasterKeys(orm, config, keys, clock)
      await ensureSigningKeys({ orm, config, masterKeys: keys, clock })
      return keys
    })
    const { queries, ...stores } = await openStores(orm, config, clock, metrics.committed)
    const system = config.databaseUrl === undefined ? 'sqlite' : 'postgresql'
    const journal = traces ? tracedJournal(stores.journal, traces, system) : stores.journal
    // Closed after the journal: a query that ran out of time may still hold its thread.
    closers.unshift(
      () => journal.close(),
      () => queries.close(),
    )
    const keyring = openKeyring(journal, masterKeys, config.url)
    const secrets = await keyring
      .prove()
      .then(() => openDeploymentSecrets({ journal, clock, config }, masterKeys))
      .catch((error: unknown) => {
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
    const metered = meteredOutbound(loopGuardedOutbound(ownOutbound, config.url, secrets), metrics)
    const outbound = traces ? tracedOutbound(metered, traces) : metered
    closers.unshift(() => outbound.close())
    const shared = {
      config,
      limits,
      maxConnections,
      clock,
      orm,
      journal,
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

export async function createApp(config: Config, overrides: Overrides = {}): Promise<App> {
  const log = overrides.log ?? newLogger(config.logLevel)
  const traces = config.traces && (await openTraces(config.traces, log))
  const { services, close } = await openServices(config, { ...overrides, log }, traces)
  const server = await createServer(
    services,
    makeSchema(),
    { ...times, ...gatewayTimes, ...overrides.times },
    { traces, plugins: overrides.plugins },
  )
  const metricsServer = createMetricsServer(services)
  try {
    await adoptAlgorithm(services)
    await tendSigningKeys(services)
    if (config.metricsPort !== undefined) await metricsServer.listen({ port: config.metricsPort, host: config.host })
    await server.listen({ port: config.port, host: config.host })
  } catch (error) {
    await metricsServer.close()
    await server.close()
    await close()
    throw error
  }
  const stopSweeping = startSweeping(services)
  const stopTending = keepSigningKeys(services)
  const stopSweepingApprovals = startSweepingApprovals(services)
  const sweepers = startSweepers(services)
  const address = server.server.address()
  const port = typeof address === 'object' && address ? address.port : config.port
  return {
    services,
    url: `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`,
    async close() {
      await server.close()
      await stopSweeping()
      await stopTending()
      await stopSweepingApprovals()
      await sweepers.close()
      await metricsServer.close()
      await close()
      await traces?.close()
    },
  }
}
