/**
 * Open streams. Whatever lets one stand is asked again twice a second, for all streams at once, so that a revocation, an
 * expiry or a narrower rule ends it within a second on every replica.
 */
import type { CredentialSnapshot } from '../access/actor.js'
import type { Services } from '../context/services.js'
import { credentialStands, serverStands } from '../database/queries/mcp.js'
import type { McpServer } from '../entities/mcp-server.js'
import { Registry } from '../lib/bag.js'
import type { UsableCredential } from '../mcp/credentials/open-credential.js'
import type { GatewayTimeouts } from './timeouts.js'

export interface OpenStream {
  readonly standing: CredentialSnapshot | null
  readonly credential: UsableCredential
  readonly server: McpServer
  /** It would stay for ever; what is not one ends by itself soon. */
  readonly isStream: boolean
  readonly end: () => void
}

type Memoized = (name: string, ask: () => Promise<boolean>) => Promise<boolean>

export class OpenStreams {
  readonly #streams = new Registry<OpenStream>()
  readonly #timer: NodeJS.Timeout
  #isLooking = false
  #isClosing = false

  constructor(
    private readonly app: Pick<Services, 'queryRunner' | 'clock' | 'log'>,
    private readonly times: GatewayTimeouts,
  ) {
    this.#timer = setInterval(() => void this.#revalidate(), times.look).unref()
  }

  add(stream: OpenStream): () => void {
    if (this.#isClosing && stream.isStream) stream.end()
    return this.#streams.add(stream)
  }

  /** Lets every stream end in order: at once what waits for events, a little later what waits for an answer. */
  close(): void {
    this.#isClosing = true
    for (const { isStream, end } of this.#streams.all()) if (isStream) end()
    setTimeout(() => {
      clearInterval(this.#timer)
      for (const { end } of this.#streams.all()) end()
    }, this.times.grace).unref()
  }

  async #revalidate(): Promise<void> {
    if (this.#isLooking || this.#streams.size === 0) return
    this.#isLooking = true
    // Thousands of streams of one key and one credential are one question each.
    const answers = new Map<string, Promise<boolean>>()
    const once: Memoized = (name, ask) => {
      const known = answers.get(name) ?? ask()
      answers.set(name, known)
      return known
    }
    // All at once: one after the other, whoever is asked about last would wait for everybody else's answer.
    const looks = await Promise.allSettled(this.#streams.all().map((stream) => this.#lookAt(stream, once)))
    this.#isLooking = false
    const failed = looks.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined
    // Who cannot be asked about cannot be trusted for long, but a database that is away for a moment ends no stream.
    if (failed) this.app.log.warn({ err: failed.reason as unknown }, 'open streams could not be looked at')
  }

  async #lookAt({ standing, credential, server, end }: OpenStream, once: Memoized): Promise<void> {
    const isGood =
      (!standing ||
        (await once(`${standing.query.name} ${standing.id} ${standing.version} ${standing.expiresAt?.getTime()}`, () =>
          this.#caller(standing),
        ))) &&
      (await once(credential.id, () => this.#credential(credential))) &&
      (await once(`${server.id} ${server.updatedAt.getTime()}`, () => this.#server(server)))
    if (!isGood) end()
  }

  async #caller({ query, id, version, expiresAt }: CredentialSnapshot): Promise<boolean> {
    if (expiresAt && expiresAt <= this.app.clock()) return false
    return (await this.app.queryRunner.read(query, [id]))?.['standing'] === version
  }

  async #credential({ id, expiresAt }: UsableCredential): Promise<boolean> {
    if (expiresAt && expiresAt <= this.app.clock()) return false
    return Number((await this.app.queryRunner.read(credentialStands, [id]))?.['standing']) === 1
  }

  async #server({ id, updatedAt }: McpServer): Promise<boolean> {
    const row = await this.app.queryRunner.read(serverStands, [id])
    return row !== undefined && new Date(row['updated_at'] as number | Date).getTime() === updatedAt.getTime()
  }
}
