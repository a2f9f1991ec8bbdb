/** Inbound connections. Near their limit the one that has waited longest for a complete request is closed to admit another. */
import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import { Registry } from '../lib/bag.js'
import { monotonicMs } from '../lib/clock.js'

/** Share of the limit from which on each new connection closes an idle one. */
const crowdedShare = 0.8

interface Connection {
  readonly socket: Socket
  /** From what is counted. */
  readonly remove: () => void
  /** Monotonic milliseconds: accepted, or its last answer ended. */
  waitingSince: number
  /** Answers begun and not ended; more than one when the client pipelines. */
  open: number
  latest: ServerResponse | undefined
}

/**
 * Waits for its client: for a complete request, or for an answer to be taken. An answer that is still written, such as a
 * stream, is work.
 */
function isWaiting({ open, latest }: Connection): boolean {
  return open === 0 || (open === 1 && (latest?.req.complete === false || latest?.writableEnded === true))
}

export class Connections {
  readonly #all = new Registry<Connection>()
  readonly #bySocket = new WeakMap<Socket, Connection>()
  readonly #crowded: number
  /** The longest-waiting last; sorted once for many closings, so each is checked again. */
  #candidates: (readonly [connection: Connection, waitingSince: number])[] = []

  constructor(private readonly max: number) {
    this.#crowded = Math.floor(max * crowdedShare)
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

  /** The answer is told when it has ended. */
  begun(answer: ServerResponse): () => void {
    const connection = this.#bySocket.get(answer.req.socket)
    if (!connection) return () => undefined
    connection.open++
    connection.latest = answer
    return () => {
      if (--connection.open === 0) connection.latest = undefined
      connection.waitingSince = monotonicMs()
    }
  }

  #admit(socket: Socket): void {
    if (this.size >= this.#crowded && !this.#closeOne() && this.size >= this.max) return void socket.destroy()
    const connection: Connection = { socket, waitingSince: monotonicMs(), open: 0, latest: undefined, remove: () => remove() }
    const remove = this.#all.add(connection)
    this.#bySocket.set(socket, connection)
    socket.once('close', remove)
  }

  #closeOne(): boolean {
    const isFresh = this.#candidates.length === 0
    if (isFresh) this.#candidates = this.#sorted()
    for (let next = this.#candidates.pop(); next; next = this.#candidates.pop()) {
      const [connection, waitingSince] = next
      if (connection.socket.destroyed || connection.waitingSince !== waitingSince || !isWaiting(connection)) continue
      connection.remove()
      connection.socket.destroy()
      return true
    }
    return !isFresh && this.#closeOne()
  }

  #sorted(): (readonly [Connection, number])[] {
    const waiting = this.#all.all().filter(isWaiting)
    return waiting.map((one) => [one, one.waitingSince] as const).toSorted(([, a], [, b]) => b - a)
  }
}
