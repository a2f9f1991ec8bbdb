/** The composition root: from a configuration to a running application. Tests build the same one. */
import { pino, stdTimeFunctions, type Logger } from 'pino'

import type { Config } from './config.js'
import type { Services } from './context.js'
import { onceAtATime, openDatabase, openJournal } from './database.js'
import { createServer } from './http/server.js'
import { times, type Times } from './http/times.js'
import { LastUsed } from './journal/write-behind.js'
import { systemClock, type Clock } from './lib/clock.js'
import { SealError } from './lib/seal.js'
import { isNewDatabase, loadMasterKeys, wrongMasterKeys } from './master-keys.js'
import { openOutbound, type Resolve } from './mcp/outbound.js'
import { startSweeping } from './personal-tokens/sweep.js'
import { proveMasterKeys } from './prove-master-keys.js'
import { makeSchema } from './schema.js'
import { ensureSigningKeys } from './tokens/ensure-signing-keys.js'
import { openKeyring } from './tokens/keyring.js'
import { adoptAlgorithm, keepSigningKeys, tendSigningKeys } from './tokens/tend-signing-keys.js'

export interface Overrides {
  readonly clock?: Clock
  readonly log?: Logger
  readonly times?: Partial<Times>
  /** How outbound requests look names up. */
  readonly resolve?: Resolve
}

export interface App {
  readonly services: Services
  /** Where it listens. */
  readonly url: string
  /** Answers what is in flight, writes what is behind, and ends. */
  close(): Promise<void>
}

/** One JSON object a line, for people to read too: levels by name, times as times. */
const newLogger = (level: string): Logger =>
  pino({ level, base: null, timestamp: stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } })

/** Everything but the HTTP server: what the command line needs too. */
export async function openServices(
  config: Config,
  { clock = systemClock, log = newLogger(config.logLevel), resolve }: Overrides = {},
): Promise<{ services: Services; close: () => Promise<void> }> {
  const orm = await openDatabase(config)
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
    const journal = await openJournal(orm, config, clock)
    closers.unshift(() => journal.close())
    const keyring = openKeyring(journal, masterKeys)
    await keyring.prove().catch((error: unknown) => {
      throw error instanceof SealError ? wrongMasterKeys(config, error) : error
    })
    const writeBehind = new LastUsed(journal, log, config.databaseUrl !== undefined)
    closers.unshift(() => writeBehind.close())
    const outbound = openOutbound(config.outboundAllow, resolve)
    return { services: { config, clock, orm, journal, keyring, masterKeys, outbound, writeBehind, log }, close }
  } catch (error) {
    // An open connection would keep the process alive after it has said why it cannot serve.
    await close()
    throw error
  }
}

export async function createApp(config: Config, overrides: Overrides = {}): Promise<App> {
  const { services, close } = await openServices(config, overrides)
  const server = await createServer(services, makeSchema(), { ...times, ...overrides.times })
  try {
    await adoptAlgorithm(services)
    await tendSigningKeys(services)
    await server.listen({ port: config.port, host: config.host })
  } catch (error) {
    await server.close()
    await close()
    throw error
  }
  const stopSweeping = startSweeping(services)
  const stopTending = keepSigningKeys(services)
  const address = server.server.address()
  const port = typeof address === 'object' && address ? address.port : config.port
  return {
    services,
    url: `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`,
    async close() {
      // A connection that was busy when the port closed would otherwise be kept for the next request until it times out.
      const sweeping = setInterval(() => server.server.closeIdleConnections(), 50)
      try {
        await server.close()
      } finally {
        clearInterval(sweeping)
      }
      await stopSweeping()
      await stopTending()
      await close()
    },
  }
}
