/** Upstream connections: kept a moment for the next request with the same credential, and never used with another one. */
import { Client, Pool, type Dispatcher } from 'undici'

import { Registry } from '../lib/bag.js'

/**
 * Milliseconds that a connection stands idle for the next request: less than servers commonly wait before they close it,
 * since a call that is lost with it must not be made again. A server that says how long it waits is believed.
 */
const idle = 4000

/** What a new connection is for: who may look its name up, and where it leads. */
export interface Destination {
  readonly origin: string
  readonly organizationId: string
}

const toPoolId = ({ origin }: Destination, poolKey: string): string => `${poolKey} ${origin}`

const shared = { allowH2: false, headersTimeout: 0, bodyTimeout: 0 }

export class ConnectionPools {
  readonly #pools = new Map<string, Pool>()
  readonly #singles = new Registry<Client>()
  /** Connections of all pools. */
  #connected = 0

  constructor(
    private readonly connectOptions: (destination: Destination) => NonNullable<Pool.Options['connect']>,
    private readonly maxConnections: number,
  ) {}

  /** For one request; the connection closes with its answer. */
  single(destination: Destination): Dispatcher {
    const client = new Client(destination.origin, { ...shared, pipelining: 0, connect: this.connectOptions(destination) })
    const remove = this.#singles.add(client)
    // After the caller's dispatch, in the same turn; closing waits for the answer.
    queueMicrotask(() => void client.close().finally(remove))
    return client
  }

  /** Shared by the requests of one credential to one origin. */
  of(destination: Destination, poolKey: string): Dispatcher {
    const key = toPoolId(destination, poolKey)
    return this.#pools.get(key) ?? this.#open(key, destination)
  }

  /** After a request that failed, perhaps before there was a connection whose end would tell. */
  failed(destination: Destination, poolKey: string): void {
    this.#closeUnused(toPoolId(destination, poolKey))
  }

  /** How many there are. */
  get size(): number {
    return this.#pools.size
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values(), ...this.#singles.all()].map((dispatcher) => dispatcher.destroy()))
  }

  #open(key: string, destination: Destination): Pool {
    const connect = this.connectOptions(destination)
    const pool = new Pool(destination.origin, { ...shared, keepAliveTimeout: idle, keepAliveMaxTimeout: idle, connect })
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

  /** Frees a sixteenth, so that not every new connection goes through all pools. */
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
