/** Types of postgres.server.js. */
import type { Certificate } from './certificate.js'

export interface PostgresServer {
  readonly url: string
  /** Kills the server with SIGKILL. */
  readonly kill: () => Promise<void>
  /** Starts the server again after `kill`, on the same port. */
  readonly restart: () => Promise<void>
  /** Replaces the certificate for new connections. */
  readonly useCertificate: (certificate: Certificate) => Promise<void>
  readonly stop: () => Promise<void>
}

/** Starts a PostgreSQL server with these settings in a temporary folder; with a certificate it offers TLS. */
export declare function startServer(settings: Readonly<Record<string, string>>, certificate?: Certificate): Promise<PostgresServer>
