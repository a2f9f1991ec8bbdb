/** A line to the database that can be cut: connections break, new ones are refused, or everything just falls silent. */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

export class TcpProxy {
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  #isSilent = false
  port = 0

  constructor(private readonly target: URL) {}

  /** The address of the target, by way of this proxy. */
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

  /** As when the server is killed: what is open breaks, nothing new is let in. */
  async cut(): Promise<void> {
    const closed = this.#server && once(this.#server, 'close')
    this.#server?.close()
    for (const socket of this.#sockets) socket.resetAndDestroy()
    await closed
    this.#server = undefined
  }

  /** As when a cable is pulled: nothing arrives, and nobody says so. */
  hush(isSilent: boolean): void {
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
    if (this.#isSilent) this.hush(true)
  }
}
