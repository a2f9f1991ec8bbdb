/** Configuration from environment variables: all issues are reported at once, each with its fix. */
import { existsSync } from 'node:fs'
import { isIP } from 'node:net'
import { resolve } from 'node:path'

import { algorithms, type Algorithm } from '../lib/crypto/jwt.js'
import { validateMasterKeys } from '../lib/crypto/seal.js'
import { isValidAllowListEntry, isLoopback } from '../lib/network/address.js'
import { readDatabaseUrl } from './database-url.js'
import { EnvReader } from './env-reader.js'
import { readLimits, type TenantLimits } from './limits-config.js'
import { readSecretScanningKeys, type SecretScanningKeys } from './secret-scanning-config.js'
import { readTraces, type TracesConfig } from './traces-config.js'
import { checkUnreadVariables } from './unread-variables.js'

export interface Config {
  readonly port: number
  readonly host: string
  /** Absolute path of the `.env` file that was loaded. */
  readonly envFile: string | undefined
  /** Public origin: prefix of access-token issuers, issuer of personal tokens, and audience of tokens for this server. */
  readonly url: string
  /** Former `url`: its tokens are verified until they expire, and no token is issued for it. */
  readonly previousUrl: string | undefined
  /** False when `url` is the default, which only this machine can reach. */
  readonly isUrlSet: boolean
  readonly dataDir: string
  /** Undefined selects SQLite in the data directory. */
  readonly databaseUrl: string | undefined
  /** Undefined selects the key file in the data directory. */
  readonly masterKeys: string | undefined
  readonly jwtAlgorithm: Algorithm
  /** False for the default algorithm, which takes effect at the scheduled key rotation. */
  readonly isJwtAlgorithmSet: boolean
  readonly keyPrefix: string
  readonly isKeyPrefixSet: boolean
  readonly outboundAllow: readonly string[]
  readonly corsOrigins: readonly string[]
  readonly trustedProxies: readonly string[]
  readonly metricsPort: number | undefined
  readonly signingKeyDays: number
  /** Seconds of further service after the readiness check has begun to report the shutdown. */
  readonly drainSeconds: number
  readonly introspection: boolean
  readonly explorer: 'sandbox' | 'graphiql' | 'off'
  /** False: `/console` is an unknown path. */
  readonly console: boolean
  readonly limits: TenantLimits
  /** Public keys of GitHub's secret scanning. Undefined disables its endpoint. */
  readonly secretScanningKeys: SecretScanningKeys | undefined
  /** libuv's thread pool. libuv reads the variable itself; `bin/keyhouse.js` sets its default. */
  readonly threadPoolSize: number
  readonly logLevel: string
  /** Undefined disables tracing: no span is created and no tracing package is loaded. */
  readonly traces: TracesConfig | undefined
  /** Names of `KEYHOUSE_*` variables that are set and have no meaning. */
  readonly unreadVariables: readonly string[]
}

/** Invalid configuration. The message lists every issue on its own line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'

  constructor(readonly issues: readonly string[]) {
    super(
      `The configuration has ${issues.length === 1 ? 'an error' : `${issues.length} errors`}:\n${issues.map((issue) => `  - ${issue}`).join('\n')}`,
    )
  }
}

/** Origin of the hosted Apollo Sandbox: the default CORS origin of a local deployment. */
export const hostedSandboxOrigin = 'https://studio.apollographql.com'
/** libuv's default, for a process that `bin/keyhouse.js` did not start. */
const defaultLibuvThreads = 4
const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

const isOrigin = (text: string): boolean => URL.canParse(text) && new URL(text).origin === text

function isAddressRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const version = isIP(address)
  return version > 0 && rest.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128)))
}

/** Loads `.env` from the working directory and returns its path. Variables that are already set take precedence. */
function loadEnvFile(): string | undefined {
  if (!existsSync('.env')) return undefined
  process.loadEnvFile('.env')
  return resolve('.env')
}

/**
 * Requires KEYHOUSE_URL when HOST is not a loopback address: the URL is the audience and the issuer of tokens.
 * @throws ConfigError
 */
export function assertServable({ host, isUrlSet }: Config): void {
  if (isUrlSet || isLoopback(host)) return
  throw new ConfigError([
    `KEYHOUSE_URL: is required when HOST (${host}) is not a loopback address; set it to the origin that clients use, such as https://keys.example.com`,
  ])
}

/**
 * Reads the given variables; without them `.env` and the environment of the process.
 * @throws ConfigError with every issue
 */
export function readConfig(variables?: Readonly<Record<string, string | undefined>>): Config {
  const envFile = variables ? undefined : loadEnvFile()
  const reader = new EnvReader(variables ?? process.env)
  const port = reader.integer('PORT', 4000, 0, 65535)
  const url = reader.origin('KEYHOUSE_URL', `http://localhost:${port}`)
  const previousUrl = reader.text('KEYHOUSE_PREVIOUS_URL') === undefined ? undefined : reader.origin('KEYHOUSE_PREVIOUS_URL', '')
  if (previousUrl === url)
    reader.rejectVariable('KEYHOUSE_PREVIOUS_URL', 'must differ from KEYHOUSE_URL; set it to the former public origin, or omit it')
  const isLocal = isLoopback(new URL(url).hostname)
  const databaseUrl = readDatabaseUrl(reader)
  const masterKeys = reader.text('KEYHOUSE_MASTER_KEYS')
  if (databaseUrl !== undefined && masterKeys === undefined) {
    reader.rejectVariable(
      'KEYHOUSE_MASTER_KEYS',
      'is required with PostgreSQL, since replicas share it; create one with: echo "k1:$(openssl rand -base64 32)"',
    )
  }
  const masterKeysIssue = masterKeys === undefined ? undefined : validateMasterKeys(masterKeys)
  if (masterKeysIssue !== undefined) reader.rejectVariable('KEYHOUSE_MASTER_KEYS', masterKeysIssue)
  const config: Config = {
    port,
    envFile,
    url,
    previousUrl,
    isUrlSet: reader.text('KEYHOUSE_URL') !== undefined,
    databaseUrl,
    masterKeys,
    host: reader.text('HOST') ?? '127.0.0.1',
    dataDir: reader.text('KEYHOUSE_DATA_DIR') ?? './data',
    jwtAlgorithm: reader.choice('KEYHOUSE_JWT_ALGORITHM', algorithms, 'ES256'),
    isJwtAlgorithmSet: reader.text('KEYHOUSE_JWT_ALGORITHM') !== undefined,
    keyPrefix: reader.match(
      'KEYHOUSE_KEY_PREFIX',
      /^[a-z][a-z0-9]{0,15}$/,
      'kh',
      'must be 1 to 16 lower-case letters and digits, starting with a letter',
    ),
    isKeyPrefixSet: reader.text('KEYHOUSE_KEY_PREFIX') !== undefined,
    outboundAllow:
      reader.listOf(
        'KEYHOUSE_OUTBOUND_ALLOW',
        isValidAllowListEntry,
        'must be host names, addresses or CIDR ranges, each with an optional port, separated by commas, such as localhost:3001,10.0.0.0/8,[::1]:3001',
      ) ?? [],
    corsOrigins:
      reader.listOf('KEYHOUSE_CORS_ORIGINS', isOrigin, 'must be origins separated by commas, such as https://app.example.com') ??
      (isLocal ? [hostedSandboxOrigin] : []),
    trustedProxies:
      reader.listOf(
        'KEYHOUSE_TRUSTED_PROXIES',
        isAddressRange,
        'must be addresses or CIDR ranges separated by commas, such as 10.0.0.0/8',
      ) ?? [],
    metricsPort: reader.integer('KEYHOUSE_METRICS_PORT', undefined, 1, 65535),
    signingKeyDays: reader.integer('KEYHOUSE_SIGNING_KEY_DAYS', 90, 1, 3650),
    drainSeconds: reader.integer('KEYHOUSE_DRAIN_SECONDS', 0, 0, 300),
    introspection: reader.choice('KEYHOUSE_INTROSPECTION', ['on', 'off'], 'on') === 'on',
    explorer: reader.choice('KEYHOUSE_EXPLORER', ['sandbox', 'graphiql', 'off'], isLocal ? 'sandbox' : 'off'),
    console: reader.choice('KEYHOUSE_CONSOLE', ['on', 'off'], isLocal || url.startsWith('https:') ? 'on' : 'off') === 'on',
    limits: readLimits(reader),
    secretScanningKeys: readSecretScanningKeys(reader),
    threadPoolSize: reader.integer('UV_THREADPOOL_SIZE', defaultLibuvThreads, 1, 1024),
    logLevel: reader.choice('LOG_LEVEL', logLevels, 'info'),
    traces: readTraces(reader),
    // Last: it needs the names of all settings.
    unreadVariables: checkUnreadVariables(reader),
  }
  if (reader.issues.length > 0) throw new ConfigError(reader.issues)
  return Object.freeze(config)
}
