export interface PostgresServer {
  readonly url: string
  /** By SIGKILL. */
  readonly kill: () => Promise<void>
  /** After it was killed. */
  readonly restart: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** A PostgreSQL of its own, with these settings. */
export declare function startServer(settings: Readonly<Record<string, string>>): Promise<PostgresServer>
