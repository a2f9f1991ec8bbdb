/** The composition root: from a configuration to a running application. Tests build the same one. */
import type { MikroORM } from '@mikro-orm/core'
import { pino, type Logger } from 'pino'

import type { Config } from './config.js'
import type { Services } from './context.js'
import { migrate, openDatabase, openJournal } from './database.js'
import { SigningKey } from './entities/signing-key.js'
import { createServer } from './http/server.js'
import { LastUsed } from './journal/write-behind.js'
import { systemClock, type Clock } from './lib/clock.js'
import { loadMasterKeys } from './master-keys.js'
import { makeSchema } from './schema.js'
import { ensureSigningKeys } from './tokens/ensure-signing-keys.js'
import { openKeyring } from './tokens/keyring.js'

export interface Overrides {
  readonly clock?: Clock
  readonly log?: Logger
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
  { clock = systemClock, log }: Overrides = {},
): Promise<{ services: Services; close: () => Promise<void> }> {
  const logger = log ?? pino({ level: config.logLevel })
  const orm = await openDatabase(config)
  try {
    await migrate(orm, config)
    const masterKeys = loadMasterKeys(config, await isNew(orm))
    const journal = await openJournal(orm, config, clock)
    await ensureSigningKeys(orm, config, masterKeys, clock)
    const writeBehind = new LastUsed(journal, logger, config.databaseUrl !== undefined)
    const keyring = openKeyring(journal, masterKeys)
    await keyring.prove()
    const services: Services = { config, clock, orm, journal, keyring, masterKeys, writeBehind, log: logger }
    const close = async (): Promise<void> => {
      await writeBehind.close()
      await journal.close()
      await orm.close(true)
    }
    return { services, close }
  } catch (error) {
    await orm.close(true)
    throw error
  }
}

const isNew = async (orm: MikroORM): Promise<boolean> => (await orm.em.fork().count(SigningKey)) === 0

export async function createApp(config: Config, overrides: Overrides = {}): Promise<App> {
  const { services, close } = await openServices(config, overrides)
  const server = await createServer(services, makeSchema())
  await server.listen({ port: config.port, host: config.host })
  const address = server.server.address()
  const port = typeof address === 'object' && address ? address.port : config.port
  return {
    services,
    url: `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`,
    async close() {
      await server.close()
      await close()
    },
  }
}
