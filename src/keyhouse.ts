/** Entry of the package for programs that embed a server. Its types name nothing internal, so that they can stay as they are. */
import type { ApolloServerPlugin } from '@apollo/server'

import { announceFirstStart } from './commands/first-start.js'
import { readConfig } from './config/config.js'
import { serve } from './serve.js'

/** Members of `contextValue` that plugins may read. */
export interface PluginContext {
  /** The authenticated caller; null for a request without a credential. */
  readonly actorOrNull: {
    readonly kind: string
    /** Id in the audit trail: an API key, a user or an end user. */
    readonly id: string | null
    readonly organizationId: string
    readonly environment: 'SANDBOX' | 'PRODUCTION' | null
  } | null
}

export interface ServerOptions {
  /**
   * Settings by the names of the environment variables, such as `{ PORT: '4000', KEYHOUSE_DATA_DIR: '/var/lib/keyhouse' }`.
   * Default: `process.env` and the file `.env` in the working directory.
   */
  readonly settings?: Readonly<Record<string, string | undefined>>
  /** Plugins of Apollo Server, added to Keyhouse's own. */
  readonly plugins?: readonly ApolloServerPlugin<PluginContext>[]
}

export interface KeyhouseServer {
  /** Origin that it listens on, such as `http://127.0.0.1:4000`. */
  readonly url: string
  /** Answers the requests in flight, then closes the port and the database. */
  close(): Promise<void>
}

/**
 * Brings the database up to date and serves, as `keyhouse start` does, without handling signals or ending the process.
 * @throws Error with the name `ConfigError` that lists every invalid setting
 */
export async function startServer({ settings, plugins = [] }: ServerOptions = {}): Promise<KeyhouseServer> {
  const app = await serve(readConfig(settings), { plugins })
  await announceFirstStart(app, process.stdout)
  return { url: app.url, close: () => app.close() }
}
