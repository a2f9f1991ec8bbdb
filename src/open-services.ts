/** Opens the services that the HTTP server and the command line share, and closes them in reverse order. */
import type { Pool } from 'pg'
import type { Logger } from 'pino'

import type { Config } from './config/config.js'
import { fitDescriptors } from './config/limits-config.js'
import type { Services } from './context/services.js'
import { createDatabase, withStartupLock } from './database/database.js'
import { applyMigrations } from './database/migrate.js'
import { createSealedRowsGauge } from './encryption/count-sealed-rows.js'
import { getDeploymentId, loadDeploymentSecrets } from './encryption/deployment-secrets.js'
import { isNewDatabase, loadMasterKeys, masterKeyMismatch } from './encryption/master-keys.js'
import { matchServerSettings } from './encryption/server-settings.js'
import { recordMasterKeys, verifyMasterKeys } from './encryption/verify-master-keys.js'
import { createStores } from './journal/create-journal.js'
import { CredentialHealth } from './journal/credential-health.js'
import type { Journal } from './journal/journal.js'
import { LastUsed } from './journal/last-used.js'
import { RefusalJournal } from './journal/refusal-journal.js'
import { tracedJournal } from './journal/traced-journal.js'
import { BackgroundWriter, type WriteBehind } from './journal/write-behind.js'
import { systemClock, type Clock } from './lib/clock.js'
import { ConcurrencyLimiter } from './lib/concurrency.js'
import { SealError } from './lib/crypto/seal.js'
import { FixedWindowLimiter } from './lib/fixed-window.js'
import { acceptedUrls } from './lib/issuer.js'
import { maxConnectionsFor, maxDescriptors } from './lib/max-descriptors.js'
import { SingleFlight } from './lib/single-flight.js'
import { createLogger } from './observability/log.js'
import { Metrics } from './observability/metrics.js'
import type { Traces } from './observability/traces.js'
import { OpenIdProviders } from './openid/openid-provider.js'
import { createOutbound } from './outbound/create-outbound.js'
import { withLoopGuard } from './outbound/loop-guard.js'
import { maxLookupsFor, type DnsLookup } from './outbound/name-lookups.js'
import { createRenewalFailures } from './outbound/oauth-client-error.js'
import { OAuthDiscovery } from './outbound/oauth-discovery.js'
import { withMetrics } from './outbound/with-metrics.js'
import { withTracing } from './outbound/with-tracing.js'
import { createLimiter } from './rate-limits/create-limiter.js'
import { VerificationQueue } from './rate-limits/verification-queue.js'
import { ensureSigningKeys } from './signing-keys/ensure-signing-keys.js'
import { openKeyring } from './signing-keys/keyring.js'
import { UsageAggregator } from './usage/usage-aggregator.js'

/** Addresses whose unknown credentials or reports are counted at the same time. The oldest is evicted, which bounds the memory. */
const maxTrackedAddresses = 10_000

/** Milliseconds that a shutdown waits for renewals and revocations. A slow authorization server must not delay it until its end is forced. */
const maxSettleMs = 5000

export interface ServiceOverrides {
  readonly clock?: Clock
  readonly log?: Logger
  /** DNS lookup of outbound requests. */
  readonly resolve?: DnsLookup
  /** Maximum of open file descriptors of this process. */
  readonly descriptorLimit?: number
  /** For a command: settings that are left out are those of the server, and others must not contradict them. */
  readonly followServer?: boolean
}

/** @throws ConfigError when the master keys do not match the database */
export async function openServices(
  givenConfig: Config,
  {
    clock = systemClock,
    log = createLogger(givenConfig.logLevel),
    resolve,
    descriptorLimit = maxDescriptors(),
    followServer = false,
  }: ServiceOverrides = {},
  traces?: Traces,
): Promise<{ services: Services; close: () => Promise<void> }> {
  const metrics = new Metrics()
  const orm = await createDatabase(givenConfig, (pool) => watchPool(metrics, pool))
  const closers = [() => orm.close(true)]
  const close = async (): Promise<void> => {
    for (const closeOne of closers) await closeOne()
  }
  try {
    const { config, masterKeys, secrets } = await withStartupLock(givenConfig, async () => {
      await applyMigrations(orm)
      const keys = loadMasterKeys(givenConfig, await isNewDatabase(orm))
      await verifyMasterKeys(orm, givenConfig, keys)
      const effectiveConfig = followServer ? await matchServerSettings(orm, givenConfig, keys) : givenConfig
      await recordMasterKeys(orm, keys, clock)
      await ensureSigningKeys({ orm, config: effectiveConfig, masterKeys: keys, clock })
      const deploymentSecrets = await loadDeploymentSecrets(orm, keys, clock).catch((error: unknown) => {
        throw error instanceof SealError ? masterKeyMismatch(givenConfig, error) : error
      })
      return { config: effectiveConfig, masterKeys: keys, secrets: deploymentSecrets }
    })
    const { queries, queryRunner, ...stores } = await createStores(orm, config, clock, metrics.observeCommit)
    const system = config.databaseUrl === undefined ? 'sqlite' : 'postgresql'
    const journal = traces ? tracedJournal(stores.journal, traces, system) : stores.journal
    // Closed after the journal: a query that timed out may still occupy its thread.
    closers.unshift(
      () => journal.close(),
      () => queries.close(),
    )
    const keyring = openKeyring(queryRunner, masterKeys, acceptedUrls(config))
    await keyring.assertKeysOpen().catch((error: unknown) => {
      throw error instanceof SealError ? masterKeyMismatch(config, error) : error
    })
    const limiter = createLimiter(config)
    closers.unshift(() => limiter.close())
    const { writeBehind, writer } = createWriteBehind(journal, log, metrics)
    closers.unshift(() => writer.close())
    const refusals = new RefusalJournal(journal, clock, log)
    closers.unshift(() => refusals.close())
    const limits = fitDescriptors(config.limits, descriptorLimit)
    const maxConnections = maxConnectionsFor(descriptorLimit)
    const lookups = { perOrganization: limits.lookupsPerOrganization, total: maxLookupsFor(config.threadPoolSize) }
    const baseOutbound = createOutbound({ allowed: config.outboundAllow, lookups, maxConnections, ...(resolve ? { resolve } : {}) })
    const meteredOutbound = withMetrics(withLoopGuard(baseOutbound, acceptedUrls(config), getDeploymentId(secrets)), metrics)
    const outbound = traces ? withTracing(meteredOutbound, traces) : meteredOutbound
    closers.unshift(() => outbound.close())
    const tokenTasks = new SingleFlight()
    // A renewed token that is not stored is lost, and its account must be connected again.
    closers.unshift(() => tokenTasks.settle(maxSettleMs))
    const services = {
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
      openIdProviders: new OpenIdProviders(outbound),
      oauthDiscovery: new OAuthDiscovery(outbound, clock),
      tokenTasks,
      renewalFailures: createRenewalFailures(clock),
      outboundConcurrency: new ConcurrencyLimiter(),
      refusalJournal: refusals,
      writeBehind,
      limiter,
      unknownCredentialCounter: new FixedWindowLimiter(maxTrackedAddresses),
      registrationCounter: new FixedWindowLimiter(maxTrackedAddresses),
      leakReportCounter: new FixedWindowLimiter(maxTrackedAddresses),
      verificationQueue: new VerificationQueue(),
      deploymentSecrets: secrets,
      metrics,
      log,
    }
    metrics.gauge('keyhouse_sealed_rows', 'Rows sealed under each master key.', ['what', 'key_id'], createSealedRowsGauge(services))
    return { services, close }
  } catch (error) {
    // An open connection would keep the process alive after the error.
    await close()
    throw error
  }
}

/** Only PostgreSQL has a pool. */
function watchPool(metrics: Metrics, pool: Pool): void {
  metrics.gauge('keyhouse_database_pool', 'Database connections for changes, and requests that wait for one.', ['state'], () => [
    [['busy'], pool.totalCount - pool.idleCount],
    [['idle'], pool.idleCount],
    [['waiting'], pool.waitingCount],
  ])
}

function createWriteBehind(journal: Journal, log: Logger, metrics: Metrics): { writeBehind: WriteBehind; writer: BackgroundWriter } {
  const lastUsed = new LastUsed()
  const usage = new UsageAggregator()
  const health = new CredentialHealth()
  const sources = [lastUsed, health, usage]
  metrics.gauge('keyhouse_write_behind_rows', 'Rows queued for write-behind.', ['source'], () =>
    sources.map(({ name, size }) => [[name], size]),
  )
  const writer = new BackgroundWriter(journal, log, sources, metrics.countWriteFailure)
  const writeBehind: WriteBehind = {
    touchApiKey: (id, at) => lastUsed.touchApiKey(id, at),
    touchPersonalToken: (id, at) => lastUsed.touchPersonalToken(id, at),
    touchEndUser: (id, at) => lastUsed.touchEndUser(id, at),
    touchMcpCredential: (id, at) => lastUsed.touchMcpCredential(id, at),
    recordCredentialResponse: (response) => health.record(response),
    recordUsage: (record) => usage.used(record),
    flush: () => writer.flush(),
  }
  return { writeBehind, writer }
}
