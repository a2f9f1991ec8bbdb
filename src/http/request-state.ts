/** What is known of a request while it is answered, much of it for its line in the log: what was asked, who asked, how it was refused. */
import type { Context } from '../context/context.js'
import type { JsonRpcMessage } from '../lib/json/json-rpc.js'
import type { ResponseDeadline } from './response-deadline.js'

export interface RequestState {
  /** In the schema's own words. The name that the client chose for it may be anything, a pasted secret too. */
  operation?: string
  actorId?: string | null
  codes?: readonly string[]
  /** Of the span of this request, sampled or not. */
  traceId?: string
  /** Who asks, once it is believed. */
  context?: Context
  /** What came for an MCP server: an answer repeats its id. */
  message?: JsonRpcMessage
  /** What its answer is written in, when the client has said what it would rather have. */
  type?: string | undefined
  /** Whom to tell when the client leaves. */
  waiting?: ResponseDeadline
}

declare module 'fastify' {
  interface FastifyRequest {
    story: RequestState
  }
}
