/** Upstream connection pools: a connection stays open briefly for reuse with the same credential, never with another. */
import { Client, Pool, type Dispatcher } from 'undici'

import { Registry } from '../lib/registry.js'

/**
 * Keep-alive timeout in milliseconds, below the usual one of servers: a call that is lost when the server closes its
 * connection must not be retried. A shorter Keep-Alive timeout of the server takes precedence.
 */
const keepAliveTimeoutMs = 4000

/** Destination of a connection, and the organization whose DNS look-up limit applies. */
export interface Destination {
  readonly origin: string
  readonly organizationId: string
}

const toPoolId = ({ origin }: Destination, poolKey: string): string => `${poolKey} ${origin}`

const clientOptions = { allowH2: false, headersTimeout: 0, bodyTimeout: 0 }

export class ConnectionPools {
  readonly #pools = new Map<string, Pool>()
  readonly #singles = new Registry<Client>()
  /** Number of connections in all pools. */
  #connected = 0

  constructor(
    private readonly connectOptions: (destination: Destination) => NonNullable<Pool.Options['connect']>,
    private readonly maxConnections: number,
  ) {}

  /** Client for one request; its connection closes after the response. */
  single(destination: Destination): Dispatcher {
    const client = new Client(destination.origin, { ...clientOptions, pipelining: 0, connect: this.connectOptions(destination) })
    const remove = this.#singles.add(client)
    // Runs after the caller's dispatch in the same turn; `close` waits for the response.
    queueMicrotask(() => void client.close().finally(remove))
    return client
  }

  /** Pool for the requests of one credential to one origin. */
  of(destination: Destination, poolKey: string): Dispatcher {
    const key = toPoolId(destination, poolKey)
    return this.#pools.get(key) ?? this.#open(key, destination)
  }

  /** Closes an unused pool after a failed request: without a connection there is no `disconnect` event. */
  failed(destination: Destination, poolKey: string): void {
    this.#closeUnused(toPoolId(destination, poolKey))
  }

  /** Number of pools. */
  get size(): number {
    return this.#pools.size
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values(), ...this.#singles.all()].map((dispatcher) => dispatcher.destroy()))
  }

  #open(key: string, destination: Destination): Pool {
    const connect = this.connectOptions(destination)
    const pool = new Pool(destination.origin, {
      ...clientOptions,
      keepAliveTimeout: keepAliveTimeoutMs,
      keepAliveMaxTimeout: keepAliveTimeoutMs,
      connect,
    })
    pool.on('connect', () => {
      if (++this.#connected > this.maxConnections) this.#closeIdle()
    })
    pool.on('disconnect', () => {
      this.#connected--
      this.#closeUnused(key)
    })
    pool.on('connectionError', () => this.#closeUnused(key))
    this.#pools.set(key, pool)
    return pool
  }

  #closeUnused(key: string): void {
    const pool = this.#pools.get(key)
    if (pool && pool.stats.connected === 0 && pool.stats.size === 0) this.#close(key, pool)
  }

  #close(key: string, pool: Pool): void {
    this.#pools.delete(key)
    if (!pool.destroyed) void pool.close()
  }

  /** Closes idle pools down to 15/16 of the maximum, so that not every new connection iterates over all pools. */
  #closeIdle(): void {
    let surplus = this.#connected - this.maxConnections + Math.ceil(this.maxConnections / 16)
    for (const [key, pool] of this.#pools) {
      const { connected, size } = pool.stats
      if (size > 0) continue
      this.#close(key, pool)
      surplus -= connected
      if (surplus <= 0) return
    }
  }
}
