/** One message under way: ended by whoever leaves first, and by silence; its outcome is recorded once. */
import type { FastifyReply, FastifyRequest } from 'fastify'

import type { Context } from '../context/context.js'
import type { McpServer } from '../entities/mcp-server.js'
import type { JsonRpcMessage } from '../lib/json/json-rpc.js'
import type { UsableCredential } from '../mcp/credentials/open-credential.js'
import type { AuthorizedMessage } from './authorize-message.js'
import type { OpenStreams } from './open-streams.js'
import { recordToolCall, type CallOutcome } from './record-tool-call.js'
import type { GatewayTimeouts } from './timeouts.js'

/** Why it ended before its answer did. */
export type AbortReason = 'LEFT' | 'ENDED' | 'SILENCE'

const outcomes: Readonly<Record<AbortReason, CallOutcome>> = { LEFT: 'CLIENT_LEFT', ENDED: 'ENDED_BY_KEYHOUSE', SILENCE: 'UPSTREAM_FAILED' }

interface Route {
  readonly ctx: Context
  readonly server: McpServer
  readonly credential: UsableCredential
  /** Null for every message but a tool call. */
  readonly tool: string | null
  /** A stream of events that the client asked for may be silent, once it stands. */
  readonly mayBeSilent: boolean
}

export class ForwardedRequest {
  readonly #leaving = new AbortController()
  readonly #began: number
  #timer: NodeJS.Timeout | undefined
  #isTold = false

  constructor(
    private readonly route: Route,
    private readonly silence: number,
  ) {
    this.#began = route.ctx.now().getTime()
    this.#wait()
  }

  get signal(): AbortSignal {
    return this.#leaving.signal
  }

  get ending(): AbortReason | null {
    return this.signal.aborted ? (this.signal.reason as AbortReason) : null
  }

  end(ending: AbortReason): void {
    this.#leaving.abort(ending)
  }

  /** Upstream gave a sign of life. */
  resetIdleTimer(): void {
    clearTimeout(this.#timer)
    if (!this.route.mayBeSilent) this.#wait()
  }

  dispose(): void {
    clearTimeout(this.#timer)
  }

  /** What became of a tool call: on disk before the client sees its answer. */
  async recordOutcome(outcome: CallOutcome): Promise<void> {
    const { ctx, server, credential, tool } = this.route
    if (this.#isTold || tool === null) return
    this.#isTold = true
    await recordToolCall(ctx, { server, tool, credentialId: credential.id }, outcome, ctx.now().getTime() - this.#began)
  }

  /** The same, for one that did not get to its answer. */
  tellFailure(): Promise<void> {
    return this.recordOutcome(this.ending ? outcomes[this.ending] : 'UPSTREAM_FAILED')
  }

  #wait(): void {
    this.#timer = setTimeout(() => this.end('SILENCE'), this.silence)
  }
}

export interface ForwardContext extends AuthorizedMessage {
  readonly ctx: Context
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly streams: OpenStreams
  readonly message: JsonRpcMessage | null
  readonly times: GatewayTimeouts
}
