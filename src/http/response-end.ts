/** The end of an answer: it has been written, or its connection is gone. */
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Calls back once, at once if it is over already. The answer stops waiting. */
export function onAnswerOver({ raw: answer }: FastifyReply, { raw: { socket } }: FastifyRequest, done: () => void): () => void {
  const stop = (): void => {
    answer.removeListener('close', settle)
    socket.removeListener('close', settle)
  }
  const settle = (): void => {
    stop()
    done()
  }
  if (answer.closed || socket.destroyed) settle()
  else {
    answer.once('close', settle)
    // Node emits no "close" on a pipelined answer that still waits behind another one when the connection ends.
    if (!answer.socket) socket.setMaxListeners(0).once('close', settle)
  }
  return stop
}
