/** A TCP proxy before the database that simulates outages: reset connections, refused connections, or lost packets. */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

export class TcpProxy {
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  #isSilent = false
  port = 0

  constructor(private readonly target: URL) {}

  /** The target's URL with the proxy's host and port. */
  get url(): string {
    const url = new URL(this.target)
    url.hostname = '127.0.0.1'
    url.port = String(this.port)
    return url.href
  }

  async open(): Promise<this> {
    const server = createServer((socket) => this.#join(socket))
    server.listen(this.port, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    this.port = typeof address === 'object' && address ? address.port : 0
    this.#server = server
    return this
  }

  /** Resets all connections and refuses new ones, as if the server was killed. */
  async cut(): Promise<void> {
    const closed = this.#server && once(this.#server, 'close')
    this.#server?.close()
    for (const socket of this.#sockets) socket.resetAndDestroy()
    await closed
    this.#server = undefined
  }

  /** Stops or resumes all traffic without closing connections, as if packets were lost. */
  setSilent(isSilent: boolean): void {
    this.#isSilent = isSilent
    for (const socket of this.#sockets) {
      if (isSilent) socket.pause()
      else socket.resume()
    }
  }

  #join(client: Socket): void {
    const server = connect(Number(this.target.port), this.target.hostname)
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from)
      from.on('error', () => undefined)
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
      from.on('data', (chunk) => to.write(chunk))
    }
    if (this.#isSilent) this.setSilent(true)
  }
}
