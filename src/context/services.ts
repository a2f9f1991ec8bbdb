/** Services that one process shares among its requests. */
import type { MikroORM } from '@mikro-orm/core'
import type { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'

import type { Config } from '../config/config.js'
import type { TenantLimits } from '../config/limits-config.js'
import type { QueryRunner, TenantQueries } from '../database/query-runner.js'
import type { DeploymentSecrets } from '../encryption/deployment-secrets.js'
import type { Journal } from '../journal/journal.js'
import type { Refusals } from '../journal/refusal-journal.js'
import type { WriteBehind } from '../journal/write-behind.js'
import type { Clock } from '../lib/clock.js'
import type { ConcurrencyLimiter } from '../lib/concurrency.js'
import type { MasterKeys } from '../lib/crypto/seal.js'
import type { FixedWindowLimiter } from '../lib/fixed-window.js'
import type { SingleFlight } from '../lib/single-flight.js'
import type { Metrics } from '../observability/metrics.js'
import type { OpenIdProviders } from '../openid/openid-provider.js'
import type { OAuthClientError } from '../outbound/oauth-client-error.js'
import type { OAuthDiscovery } from '../outbound/oauth-discovery.js'
import type { Outbound } from '../outbound/outbound.js'
import type { RateLimiter } from '../rate-limits/limiter.js'
import type { VerificationQueue } from '../rate-limits/verification-queue.js'
import type { Keyring } from '../signing-keys/keyring.js'

/** Services of the process, created by open-services.ts. */
export interface Services {
  readonly config: Config
  /** `config.limits`, reduced to fit the process's limit of file descriptors. */
  readonly limits: TenantLimits
  /** Maximum concurrent inbound connections. */
  readonly maxConnections: number
  readonly clock: Clock
  readonly orm: MikroORM
  readonly journal: Journal
  readonly queryRunner: QueryRunner
  readonly queries: TenantQueries
  readonly keyring: Keyring
  readonly masterKeys: MasterKeys
  readonly outbound: Outbound
  readonly openIdProviders: OpenIdProviders
  /** Limits concurrent requests to MCP servers in this process. */
  readonly outboundConcurrency: ConcurrencyLimiter
  readonly oauthDiscovery: OAuthDiscovery
  /** Renewals and revocations of upstream tokens, which outlive the requests that caused them. */
  readonly tokenTasks: SingleFlight
  /** Latest failure to renew a credential, by its id, until it may be tried again. */
  readonly renewalFailures: LRUCache<string, OAuthClientError>
  readonly refusalJournal: Refusals
  readonly writeBehind: WriteBehind
  readonly limiter: RateLimiter
  /** Counts malformed and unknown credentials by client address. */
  readonly unknownCredentialCounter: FixedWindowLimiter
  /** Counts reports of leaked API keys by client address. */
  readonly leakReportCounter: FixedWindowLimiter
  /** Counts registrations of OAuth clients by client address. */
  readonly registrationCounter: FixedWindowLimiter
  readonly verificationQueue: VerificationQueue
  readonly deploymentSecrets: DeploymentSecrets
  readonly metrics: Metrics
  readonly log: Logger
}
