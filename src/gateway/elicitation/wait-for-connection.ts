/**
 * Holds a call whose user agreed to open the link until the account is connected (MCP 2026-07-28, Elicitation, URL Mode Flow).
 * Clients repeat a call at once after the agreement, and give up after a few rounds.
 */
import { setTimeout as wait } from 'node:timers/promises'

import type { FastifyReply, FastifyRequest } from 'fastify'

import type { Context } from '../../context/context.js'
import { onResponseEnd } from '../../http/response-end.js'
import { startTimer } from '../../lib/clock.js'
import { acquireExchangeSlot } from '../../mcp/in-flight.js'
import { findServerWithCredential, needsConnection } from '../../mcp/servers/find-server-with-credential.js'
import type { GatewayTimeouts } from '../timeouts.js'

interface WaitArgs {
  readonly serverId: string
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  /** Aborted when the process ends. */
  readonly closing: AbortSignal
  readonly times: Pick<GatewayTimeouts, 'connectionWaitMs' | 'connectionPollMs'>
}

/** Whether the end user has to connect the account, also for scopes that a call lacked. */
async function isAwaited(ctx: Context, serverId: string): Promise<boolean> {
  const found = await findServerWithCredential(ctx, serverId)
  return found !== null && (needsConnection(found) || found.lacksScopes)
}

/**
 * Returns early once there is nothing to wait for.
 * @throws RequestError CONCURRENCY_LIMITED, or if the caller's credential has ended meanwhile
 */
export async function waitForConnection(ctx: Context, { serverId, request, reply, closing, times }: WaitArgs): Promise<void> {
  const release = acquireExchangeSlot(ctx, 'wait')
  const disconnected = new AbortController()
  const stop = onResponseEnd(reply, request, () => disconnected.abort())
  const signal = AbortSignal.any([closing, disconnected.signal])
  const elapsed = startTimer()
  try {
    while (!signal.aborted && elapsed() * 1000 < times.connectionWaitMs && (await isAwaited(ctx, serverId)))
      await wait(times.connectionPollMs, undefined, { signal }).catch(() => undefined)
  } finally {
    stop()
    release()
  }
  await ctx.refreshActor()
}
