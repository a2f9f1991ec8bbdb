/** The only reader of the environment: every fault is reported at once, with the fix, and the result is frozen. */
import { existsSync } from 'node:fs'
import { isIP } from 'node:net'
import { resolve } from 'node:path'

import { isValidAllowListEntry, isLoopback } from '../lib/address.js'
import { algorithms, type Algorithm } from '../lib/jwt.js'
import { validateMasterKeys } from '../lib/seal.js'
import { EnvReader } from './env-reader.js'
import { readLimits, type TenantLimits } from './limits-config.js'
import { readTraces, type TracesConfig } from './traces-config.js'

export interface Config {
  readonly port: number
  readonly host: string
  /** The `.env` file that was read. */
  readonly envFile: string | undefined
  /** An origin: what the issuers of access tokens begin with, the issuer of personal tokens, and the audience of tokens for this server. */
  readonly url: string
  /** False: `url` is the default, which only this machine can reach. */
  readonly isUrlSet: boolean
  readonly dataDir: string
  /** Undefined: SQLite in the data directory. */
  readonly databaseUrl: string | undefined
  /** Undefined: a file in the data directory. */
  readonly masterKeys: string | undefined
  readonly jwtAlgorithm: Algorithm
  /** An algorithm that is only the default waits for the scheduled rotation. */
  readonly isJwtAlgorithmSet: boolean
  readonly keyPrefix: string
  readonly outboundAllow: readonly string[]
  readonly corsOrigins: readonly string[]
  readonly trustedProxies: readonly string[]
  readonly metricsPort: number | undefined
  readonly signingKeyDays: number
  /** How long it still serves while it tells that it is ending. */
  readonly drainSeconds: number
  readonly introspection: boolean
  readonly explorer: 'sandbox' | 'graphiql' | 'off'
  readonly limits: TenantLimits
  /** Of libuv, which reads the variable itself; `bin/keyhouse.js` sets its default. */
  readonly threadPoolSize: number
  readonly logLevel: string
  /** Undefined: no span is made, and nothing that could make one is loaded. */
  readonly traces: TracesConfig | undefined
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError'

  constructor(readonly faults: readonly string[]) {
    super(
      `The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    )
  }
}

export const hostedSandbox = 'https://studio.apollographql.com'
/** Of a process that was not started by `bin/keyhouse.js`. */
const libuvThreads = 4
const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

const isOrigin = (text: string): boolean => URL.canParse(text) && new URL(text).origin === text

function isAddressRange(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const version = isIP(address)
  return version > 0 && rest.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128)))
}

/** The `.env` file in the working directory, whose variables join those that are set. */
function loadEnvFile(): string | undefined {
  if (!existsSync('.env')) return undefined
  process.loadEnvFile('.env')
  return resolve('.env')
}

/**
 * A server that other machines reach must know its own URL: it is the audience and the issuer of tokens.
 * @throws ConfigError
 */
export function assertServable({ host, isUrlSet }: Config): void {
  if (isUrlSet || isLoopback(host)) return
  throw new ConfigError([
    `KEYHOUSE_URL: is required when HOST (${host}) is not a loopback address; set it to the URL that clients use, such as https://keys.example.com`,
  ])
}

/** @throws ConfigError naming every fault at once. */
export function readConfig(given?: Readonly<Record<string, string | undefined>>): Config {
  const envFile = given ? undefined : loadEnvFile()
  const env = given ?? process.env
  const v = new EnvReader(env)
  const port = v.integer('PORT', 4000, 0, 65535)
  const url = v.origin('KEYHOUSE_URL', `http://localhost:${port}`)
  const isLocal = isLoopback(new URL(url).hostname)
  const databaseUrl = v.text('DATABASE_URL')
  const masterKeys = v.text('KEYHOUSE_MASTER_KEYS')
  if (databaseUrl !== undefined && !(/^postgres(ql)?:\/\//.test(databaseUrl) && URL.canParse(databaseUrl))) {
    v.addIssue(
      'DATABASE_URL',
      'must be of the form postgres://user:password@host:5432/database (leave it out for SQLite in the data directory)',
    )
  }
  if (databaseUrl !== undefined && masterKeys === undefined) {
    v.addIssue(
      'KEYHOUSE_MASTER_KEYS',
      'is required with PostgreSQL, since replicas share it; make one with: echo "k1:$(openssl rand -base64 32)"',
    )
  }
  const masterKeysFault = masterKeys === undefined ? undefined : validateMasterKeys(masterKeys)
  if (masterKeysFault !== undefined) v.addIssue('KEYHOUSE_MASTER_KEYS', masterKeysFault)
  const config: Config = {
    port,
    envFile,
    url,
    isUrlSet: v.text('KEYHOUSE_URL') !== undefined,
    databaseUrl,
    masterKeys,
    host: v.text('HOST') ?? '127.0.0.1',
    dataDir: v.text('KEYHOUSE_DATA_DIR') ?? './data',
    jwtAlgorithm: v.choice('KEYHOUSE_JWT_ALGORITHM', algorithms, 'ES256'),
    isJwtAlgorithmSet: v.text('KEYHOUSE_JWT_ALGORITHM') !== undefined,
    keyPrefix: v.match(
      'KEYHOUSE_KEY_PREFIX',
      /^[a-z][a-z0-9]{0,15}$/,
      'kh',
      'must be 1 to 16 lower-case letters and digits, a letter first',
    ),
    outboundAllow:
      v.listOf(
        'KEYHOUSE_OUTBOUND_ALLOW',
        isValidAllowListEntry,
        'must be host names, addresses or CIDR ranges, each with a port if wanted, separated by commas, such as localhost:3001,10.0.0.0/8,[::1]:3001',
      ) ?? [],
    corsOrigins:
      v.listOf('KEYHOUSE_CORS_ORIGINS', isOrigin, 'must be origins separated by commas, such as https://app.example.com') ??
      (isLocal ? [hostedSandbox] : []),
    trustedProxies:
      v.listOf('KEYHOUSE_TRUSTED_PROXIES', isAddressRange, 'must be addresses or CIDR ranges separated by commas, such as 10.0.0.0/8') ??
      [],
    metricsPort: v.integer('KEYHOUSE_METRICS_PORT', undefined, 1, 65535),
    signingKeyDays: v.integer('KEYHOUSE_SIGNING_KEY_DAYS', 90, 1, 3650),
    drainSeconds: v.integer('KEYHOUSE_DRAIN_SECONDS', 0, 0, 300),
    introspection: v.choice('KEYHOUSE_INTROSPECTION', ['on', 'off'], 'on') === 'on',
    explorer: v.choice('KEYHOUSE_EXPLORER', ['sandbox', 'graphiql', 'off'], isLocal ? 'sandbox' : 'off'),
    limits: readLimits(v),
    threadPoolSize: v.integer('UV_THREADPOOL_SIZE', libuvThreads, 1, 1024),
    logLevel: v.choice('LOG_LEVEL', logLevels, 'info'),
    traces: readTraces(v),
  }
  if (v.issues.length > 0) throw new ConfigError(v.issues)
  return Object.freeze(config)
}
