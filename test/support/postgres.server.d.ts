export interface PostgresServer {
  readonly url: string
  /** By SIGKILL. */
  kill(): Promise<void>
  /** After it was killed. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** A PostgreSQL of its own, with these settings. */
export declare function startServer(settings: Readonly<Record<string, string>>): Promise<PostgresServer>
