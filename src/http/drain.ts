/**
 * Graceful shutdown. While the server drains, it answers with "Connection: close"; then the port closes, requests in flight are
 * answered, and idle connections are closed.
 */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

import type { FastifyInstance } from 'fastify'

import type { Config } from '../config/config.js'
import { startTimer } from '../lib/clock.js'
import { Registry } from '../lib/registry.js'
import type { Connections } from './connections.js'
import type { HttpTimeouts } from './timeouts.js'

/** Milliseconds between two checks of the connections. */
const pollIntervalMs = 25

export class Drain {
  hasBegun = false
  readonly #inFlight = new Registry<ServerResponse>()
  #closing: NodeJS.Timeout | undefined

  constructor(
    private readonly server: FastifyInstance,
    private readonly connections: Pick<Connections, 'size' | 'sockets'>,
    private readonly config: Pick<Config, 'drainSeconds'>,
    private readonly times: Pick<HttpTimeouts, 'minDrainMs' | 'partialRequestGraceMs'>,
  ) {
    server.addHook('preClose', () => this.#begin())
    // Fastify waits for the connections of its first listener only. `localhost` may have two.
    server.addHook('onClose', async () => {
      while (this.connections.size > 0) await wait(pollIntervalMs)
      clearInterval(this.#closing)
    })
  }

  /** Adds a response in flight. The returned function removes it. */
  track(response: ServerResponse): () => void {
    return this.#inFlight.add(response)
  }

  async #begin(): Promise<void> {
    this.hasBegun = true
    if (!this.server.server.listening) return
    // Fastify sets this header on responses to later requests. A connection that closes with its response loses no request;
    // closing an idle one races with the client's next request (RFC 9112 §9.6).
    for (const response of this.#inFlight.all()) if (!response.headersSent) response.setHeader('connection', 'close')
    const elapsed = startTimer()
    while (elapsed() < this.config.drainSeconds || (this.connections.size > 0 && elapsed() < this.times.minDrainMs / 1000))
      await wait(pollIntervalMs)
    this.#closeIdleConnections()
  }

  /** Keep-alive would hold a connection that was busy when the port closed until its timeout. */
  #closeIdleConnections(): void {
    const { server } = this.server
    const elapsed = startTimer()
    this.#closing = setInterval(() => {
      server.closeIdleConnections()
      // Node does not count a connection without any request as idle. A partial request may never end, so it gets a grace period.
      const isOver = elapsed() >= this.times.partialRequestGraceMs / 1000
      const busy = isOver ? this.#busy() : undefined
      for (const socket of this.connections.sockets()) if (socket.bytesRead === 0 || busy?.has(socket) === false) socket.destroy()
    }, pollIntervalMs)
  }

  /** Sockets with a complete request whose response is in progress. */
  #busy(): ReadonlySet<Socket | null> {
    return new Set(
      this.#inFlight
        .all()
        .filter(({ req }) => req.complete)
        .map(({ socket }) => socket),
    )
  }
}
