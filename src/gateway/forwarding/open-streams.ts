/**
 * Registry of open streams. Twice a second it revalidates the caller, the credential and the server of every stream, so that a
 * revocation, an expiry or a narrower rule ends the stream within a second on every replica.
 */
import type { CredentialSnapshot } from '../../access/actor.js'
import type { Services } from '../../context/services.js'
import { toDate } from '../../database/dialect.js'
import { liveCredentialVersion, serverVersion } from '../../database/queries/mcp.js'
import type { McpServer } from '../../entities/mcp-server.js'
import { Registry } from '../../lib/registry.js'
import type { UsableCredential } from '../../mcp/credentials/open-credential.js'
import type { GatewayTimeouts } from '../timeouts.js'

export interface OpenStream {
  readonly snapshot: CredentialSnapshot | null
  readonly credential: UsableCredential
  readonly server: McpServer
  /** A GET stream, which has no end of its own. A POST ends by itself. */
  readonly isStream: boolean
  readonly end: () => void
}

/** Runs a check once for each key. */
type Memoized = (key: string, check: () => Promise<boolean>) => Promise<boolean>

export class OpenStreams {
  readonly #streams = new Registry<OpenStream>()
  readonly #timer: NodeJS.Timeout
  #isRevalidating = false
  #isClosing = false

  constructor(
    private readonly services: Pick<Services, 'queryRunner' | 'clock' | 'log'>,
    private readonly times: Pick<GatewayTimeouts, 'revalidateIntervalMs' | 'drainGraceMs'>,
  ) {
    this.#timer = setInterval(() => void this.#revalidate(), times.revalidateIntervalMs).unref()
  }

  /** The returned function removes the stream. */
  add(stream: OpenStream): () => void {
    if (this.#isClosing && stream.isStream) stream.end()
    return this.#streams.add(stream)
  }

  /** Ends GET streams at once, and POST requests after the grace period. */
  close(): void {
    this.#isClosing = true
    for (const { isStream, end } of this.#streams.all()) if (isStream) end()
    setTimeout(() => {
      clearInterval(this.#timer)
      for (const { end } of this.#streams.all()) end()
    }, this.times.drainGraceMs).unref()
  }

  async #revalidate(): Promise<void> {
    if (this.#isRevalidating || this.#streams.size === 0) return
    this.#isRevalidating = true
    // Memoized: thousands of streams can share one key and one credential.
    const results = new Map<string, Promise<boolean>>()
    const memoized: Memoized = (key, check) => {
      const result = results.get(key) ?? check()
      results.set(key, result)
      return result
    }
    // In parallel: sequential checks would delay the last stream by the sum of all others.
    const outcomes = await Promise.allSettled(this.#streams.all().map((stream) => this.#checkStream(stream, memoized)))
    this.#isRevalidating = false
    const failed = outcomes.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined
    // Fails open until the next check: a short outage of the database must not end every stream.
    if (failed) this.services.log.warn({ err: failed.reason as unknown }, 'authorization of open streams could not be checked')
  }

  async #checkStream({ snapshot, credential, server, isStream, end }: OpenStream, memoized: Memoized): Promise<void> {
    const isValid =
      (!snapshot ||
        (await memoized(`${snapshot.query.name} ${snapshot.id} ${snapshot.version} ${snapshot.expiresAt?.getTime()}`, () =>
          this.#isCallerValid(snapshot),
        ))) &&
      (await memoized(`${credential.id} ${credential.version} ${isStream}`, () => this.#isCredentialValid(credential, isStream))) &&
      (await memoized(`${server.id} ${server.updatedAt.getTime()}`, () => this.#isServerUnchanged(server)))
    if (!isValid) end()
  }

  async #isCallerValid({ query, id, version, expiresAt }: CredentialSnapshot): Promise<boolean> {
    if (expiresAt && expiresAt <= this.services.clock()) return false
    return (await this.services.queryRunner.read(query, [id]))?.['standing'] === version
  }

  /** A replaced value ends the GET streams of the sessions that used it. Calls in flight complete. */
  async #isCredentialValid({ id, version }: UsableCredential, isStream: boolean): Promise<boolean> {
    const row = await this.services.queryRunner.read(liveCredentialVersion, [id, this.services.clock()])
    return row !== undefined && (!isStream || row['version'] === version)
  }

  async #isServerUnchanged({ id, updatedAt }: McpServer): Promise<boolean> {
    const row = await this.services.queryRunner.read(serverVersion, [id])
    return row !== undefined && toDate(row['updated_at']).getTime() === updatedAt.getTime()
  }
}
