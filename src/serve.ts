/** Opens the application as the server of its database: the settings must allow it, and SQLite admits one server. */
import { createApp, type App, type Overrides } from './app.js'
import { assertServable, type Config } from './config/config.js'
import { admitServer } from './database/database.js'

/** @throws ConfigError for a configuration that cannot serve; DatabaseRefusedError for a database that has a server */
export async function serve(config: Config, overrides: Overrides = {}): Promise<App> {
  assertServable(config)
  const release = await admitServer(config)
  const app = await createApp(config, overrides).catch(async (error: unknown) => {
    await release()
    throw error
  })
  const { log } = app.services
  if (config.envFile !== undefined) log.info({ file: config.envFile }, 'environment file loaded')
  if (config.unreadVariables.length > 0)
    log.warn({ variables: config.unreadVariables }, 'these variables are not settings and have no effect')
  return {
    ...app,
    close: async () => {
      try {
        await app.close()
      } finally {
        await release()
      }
    },
  }
}
