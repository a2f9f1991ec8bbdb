/**
 * How the server ends: for a while it tells whoever is there to go elsewhere, and still answers; then the port closes,
 * what is in flight is answered, and no connection keeps it waiting.
 */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

import type { FastifyInstance } from 'fastify'

import type { Config } from '../config/config.js'
import { Registry } from '../lib/bag.js'
import { startTimer } from '../lib/clock.js'
import type { Connections } from './connections.js'
import type { HttpTimeouts } from './timeouts.js'

/** Milliseconds between two looks at the connections. */
const step = 25

export class Drain {
  hasBegun = false
  readonly #inFlight = new Registry<ServerResponse>()
  #sweeping: NodeJS.Timeout | undefined

  constructor(
    private readonly server: FastifyInstance,
    private readonly connections: Pick<Connections, 'size' | 'sockets'>,
    private readonly config: Pick<Config, 'drainSeconds'>,
    private readonly times: Pick<HttpTimeouts, 'minDrainMs' | 'partialRequestGraceMs'>,
  ) {
    server.addHook('preClose', () => this.#begin())
    // Fastify waits for the connections of its first listener only, and `localhost` may have two.
    server.addHook('onClose', async () => {
      while (this.connections.size > 0) await wait(step)
      clearInterval(this.#sweeping)
    })
  }

  /** The answer is told when the other has ended. */
  track(answer: ServerResponse): () => void {
    return this.#inFlight.add(answer)
  }

  async #begin(): Promise<void> {
    this.hasBegun = true
    if (!this.server.server.listening) return
    // Fastify says so in answers to what comes from now on. A connection that ends with its answer loses no request, while
    // an idle one may be closed at the very moment in which its client sends the next (RFC 9112 §9.6).
    for (const answer of this.#inFlight.all()) if (!answer.headersSent) answer.setHeader('connection', 'close')
    const elapsed = startTimer()
    while (elapsed() < this.config.drainSeconds || (this.connections.size > 0 && elapsed() < this.times.minDrainMs / 1000)) await wait(step)
    this.#closeIdleConnections()
  }

  /** A connection that was busy when the port closed would otherwise be kept for the next request until it times out. */
  #closeIdleConnections(): void {
    const { server } = this.server
    const elapsed = startTimer()
    this.#sweeping = setInterval(() => {
      server.closeIdleConnections()
      // To Node a connection on which nothing was ever said is not idle, and what began to arrive may never end.
      const isOver = elapsed() >= this.times.partialRequestGraceMs / 1000
      const busy = isOver ? this.#busy() : undefined
      for (const socket of this.connections.sockets()) if (socket.bytesRead === 0 || busy?.has(socket) === false) socket.destroy()
    }, step)
  }

  /** Whose request has arrived, and is being answered. */
  #busy(): ReadonlySet<Socket | null> {
    return new Set(
      this.#inFlight
        .all()
        .filter(({ req }) => req.complete)
        .map(({ socket }) => socket),
    )
  }
}
