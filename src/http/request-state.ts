/** State of a request while it is processed, most of it for the request log. */
import type { Context } from '../context/context.js'
import type { JsonRpcMessage } from '../lib/json/json-rpc.js'
import type { ResponseDeadline } from './response-deadline.js'

export interface RequestState {
  /** Field names of the schema. The client's operation name is never used: it may hold a pasted secret. */
  operation?: string
  /** Error codes of the response. */
  codes?: readonly string[]
  /** W3C trace id of this request's span, sampled or not. */
  traceId?: string
  /** Set after authentication. */
  context?: Context
  /** The JSON-RPC message of a gateway request. Its error response repeats the id. */
  message?: JsonRpcMessage
  /** Negotiated media type of the response; undefined when the client accepts none, or on other routes. */
  type?: string | undefined
  /** Told when the client disconnects. */
  deadline?: ResponseDeadline
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Probes and scrapes arrive every few seconds: logged at debug, and not traced. */
    isProbe?: true
    /** False on routes of pages with a session, which no other origin may read. */
    cors?: false | object
  }
  interface FastifyRequest {
    state: RequestState
  }
}
