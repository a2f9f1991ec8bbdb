/** Registry of inbound connections. Near the limit, a new connection evicts the one that has been idle longest. */
import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import { monotonicMs } from '../lib/clock.js'
import { Registry } from '../lib/registry.js'

/** Fraction of the limit above which each new connection evicts an idle one. */
const evictionShare = 0.8

interface Connection {
  readonly socket: Socket
  /** Removes it from the registry. */
  readonly remove: () => void
  /** Monotonic milliseconds: when it was accepted, or its last response ended. */
  waitingSince: number
  /** Responses in progress; more than one with pipelining. */
  open: number
  latest: ServerResponse | undefined
}

/**
 * Idle: no request, an incomplete request, or a finished response that the client has not read. A response that is still being
 * written, such as a stream, is not idle.
 */
function isIdle({ open, latest }: Connection): boolean {
  return open === 0 || (open === 1 && (latest?.req.complete === false || latest?.writableEnded === true))
}

export class Connections {
  readonly #all = new Registry<Connection>()
  readonly #bySocket = new WeakMap<Socket, Connection>()
  readonly #evictionThreshold: number
  /** Idle connections, longest idle last. Sorted once for many evictions, so each entry is checked again before use. */
  #candidates: (readonly [connection: Connection, waitingSince: number])[] = []

  constructor(private readonly max: number) {
    this.#evictionThreshold = Math.floor(max * evictionShare)
  }

  get size(): number {
    return this.#all.size
  }

  sockets(): Socket[] {
    return this.#all.all().map(({ socket }) => socket)
  }

  watch(server: Server): void {
    server.on('connection', (socket: Socket) => this.#admit(socket))
  }

  /** Marks the connection as busy. The returned function marks the end of the response. */
  track(response: ServerResponse): () => void {
    const connection = this.#bySocket.get(response.req.socket)
    if (!connection) return () => undefined
    connection.open++
    connection.latest = response
    return () => {
      if (--connection.open === 0) connection.latest = undefined
      connection.waitingSince = monotonicMs()
    }
  }

  #admit(socket: Socket): void {
    if (this.size >= this.#evictionThreshold && !this.#evictIdle() && this.size >= this.max) return void socket.destroy()
    const connection: Connection = { socket, waitingSince: monotonicMs(), open: 0, latest: undefined, remove: () => remove() }
    const remove = this.#all.add(connection)
    this.#bySocket.set(socket, connection)
    socket.once('close', remove)
  }

  #evictIdle(): boolean {
    const isFresh = this.#candidates.length === 0
    if (isFresh) this.#candidates = this.#sorted()
    for (let next = this.#candidates.pop(); next; next = this.#candidates.pop()) {
      const [connection, waitingSince] = next
      if (connection.socket.destroyed || connection.waitingSince !== waitingSince || !isIdle(connection)) continue
      connection.remove()
      connection.socket.destroy()
      return true
    }
    return !isFresh && this.#evictIdle()
  }

  #sorted(): (readonly [Connection, number])[] {
    const idle = this.#all.all().filter(isIdle)
    return idle.map((connection) => [connection, connection.waitingSince] as const).toSorted(([, a], [, b]) => b - a)
  }
}
