/** Detects the end of a response: written, or its connection closed. */
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Calls `done` once; synchronously when the response has already ended. The returned function removes the listeners. */
export function onResponseEnd({ raw: response }: FastifyReply, { raw: { socket } }: FastifyRequest, done: () => void): () => void {
  const stop = (): void => {
    response.removeListener('close', settle)
    socket.removeListener('close', settle)
  }
  const settle = (): void => {
    stop()
    done()
  }
  if (response.closed || socket.destroyed) settle()
  else {
    response.once('close', settle)
    // Node emits no "close" on a pipelined response that is queued behind another one when the connection closes.
    if (!response.socket) socket.setMaxListeners(0).once('close', settle)
  }
  return stop
}
