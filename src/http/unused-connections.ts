/** Connections on which nothing was ever said: to Node they are not idle, and a server that closes would wait for them. */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** The answer closes those that there are. */
export function watchUnused(server: Server): () => void {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return () => {
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
  }
}
