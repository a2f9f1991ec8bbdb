/** A forwarded request in progress: abort reasons, idle timeout, and one recorded outcome. */
import type { FastifyReply, FastifyRequest } from 'fastify'

import type { Context } from '../../context/context.js'
import type { McpServer } from '../../entities/mcp-server.js'
import type { JsonRpcMessage } from '../../lib/json/json-rpc.js'
import type { UsableCredential } from '../../mcp/credentials/open-credential.js'
import type { AuthorizedMessage } from '../authorize-message.js'
import { recordToolCall, type CallOutcome } from '../record-tool-call.js'
import type { GatewayTimeouts } from '../timeouts.js'
import type { OpenStreams } from './open-streams.js'

/** CLIENT_CLOSED: the client disconnected. TERMINATED: the gateway ended it. IDLE_TIMEOUT: neither side sent anything. */
export type AbortReason = 'CLIENT_CLOSED' | 'TERMINATED' | 'IDLE_TIMEOUT'

const outcomes: Readonly<Record<AbortReason, CallOutcome>> = {
  CLIENT_CLOSED: 'CLIENT_LEFT',
  TERMINATED: 'ENDED_BY_KEYHOUSE',
  IDLE_TIMEOUT: 'UPSTREAM_FAILED',
}

interface Target {
  readonly ctx: Context
  readonly server: McpServer
  readonly credential: UsableCredential
  readonly isShared: boolean
  /** Null for every message but a tool call. */
  readonly tool: string | null
  /** A GET stream has no idle timeout after its response has started. */
  readonly mayBeSilent: boolean
}

/** Everything that forwarding one message needs. */
export interface ForwardContext extends AuthorizedMessage {
  readonly ctx: Context
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly streams: OpenStreams
  readonly message: JsonRpcMessage | null
  readonly times: GatewayTimeouts
}

export class ForwardedRequest {
  readonly #controller = new AbortController()
  readonly #startedAt: number
  #timer: NodeJS.Timeout | undefined
  #isRecorded = false

  constructor(
    private readonly target: Target,
    private readonly idleTimeoutMs: number,
  ) {
    this.#startedAt = target.ctx.now().getTime()
    this.#startIdleTimer()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get abortReason(): AbortReason | null {
    return this.signal.aborted ? (this.signal.reason as AbortReason) : null
  }

  end(ending: AbortReason): void {
    this.#controller.abort(ending)
  }

  /** Called when bytes arrive from upstream. */
  resetIdleTimer(): void {
    clearTimeout(this.#timer)
    if (!this.target.mayBeSilent) this.#startIdleTimer()
  }

  dispose(): void {
    clearTimeout(this.#timer)
  }

  /** Records the outcome of a tool call once. It is durable before the client sees the response. */
  async recordOutcome(outcome: CallOutcome): Promise<void> {
    const { ctx, server, credential, isShared, tool } = this.target
    if (this.#isRecorded || tool === null) return
    this.#isRecorded = true
    await recordToolCall(ctx, { server, tool, credentialId: credential.id, isShared }, outcome, ctx.now().getTime() - this.#startedAt)
  }

  /** Records the failure of a call that got no complete response. */
  recordFailure(): Promise<void> {
    return this.recordOutcome(this.abortReason ? outcomes[this.abortReason] : 'UPSTREAM_FAILED')
  }

  #startIdleTimer(): void {
    this.#timer = setTimeout(() => this.end('IDLE_TIMEOUT'), this.idleTimeoutMs)
  }
}
