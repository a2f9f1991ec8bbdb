/** Types of postgres.server.js. */

export interface PostgresServer {
  readonly url: string
  /** Kills the server with SIGKILL. */
  readonly kill: () => Promise<void>
  /** Starts the server again after `kill`, on the same port. */
  readonly restart: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** Starts a PostgreSQL server with these settings in a temporary folder. */
export declare function startServer(settings: Readonly<Record<string, string>>): Promise<PostgresServer>
