/** Forwards one message upstream and relays the response, until it ends or is aborted. */
import type { FastifyReply } from 'fastify'

import { onResponseEnd } from '../../http/response-end.js'
import { SealError } from '../../lib/crypto/seal.js'
import { RequestError } from '../../lib/errors.js'
import { writeJson } from '../../lib/json/write-json.js'
import { runInSlices } from '../../lib/slices.js'
import { isRenewable, rememberFailure } from '../../mcp/connections/renew-credential.js'
import { openCredential, type UsableCredential } from '../../mcp/credentials/open-credential.js'
import { OAuthClientError } from '../../outbound/oauth-client-error.js'
import type { OutboundResponse } from '../../outbound/outbound.js'
import { GatewayError } from '../gateway-error.js'
import { requestHeaders } from '../headers.js'
import { ForwardedRequest, type ForwardContext } from './forwarded-request.js'
import { relayResponse } from './relay-response.js'
import { credentialToSend, renew } from './renewed-credential.js'

/** Aborts the request when the client disconnects or its stream must end. The returned function stops tracking. */
function trackLifetime(context: ForwardContext, forwarded: ForwardedRequest): () => void {
  const { ctx, request, reply, streams, credential, server } = context
  const abortIfUnfinished = (): void => {
    if (!reply.raw.writableFinished) forwarded.end('CLIENT_CLOSED')
  }
  const stop = onResponseEnd(reply, request, abortIfUnfinished)
  const isStream = request.method === 'GET'
  const removeStream = streams.add({
    snapshot: ctx.actor.authVersion,
    credential,
    server,
    isStream,
    end: () => forwarded.end('TERMINATED'),
  })
  return () => {
    stop()
    forwarded.dispose()
    removeStream()
  }
}

/** Sends once more after a 401 to an access token that can be renewed: the server has not acted on a refused request. */
async function sendUpstream(context: ForwardContext, forwarded: ForwardedRequest): Promise<void> {
  const credential = await credentialToSend(context, forwarded)
  const sent = await sendWith(context, forwarded, credential)
  const { services } = context.ctx
  const failureId = `refused ${credential.id} ${credential.version}`
  if (sent.upstream.statusCode !== 401 || !isRenewable(credential) || services.renewalFailures.has(failureId))
    return relayResponse(context, forwarded, sent.upstream, sent.secrets)
  sent.upstream.body.destroy()
  const again = await sendWith(context, forwarded, await renew(context, forwarded, credential, true))
  // A server that refuses every token must not have one renewed for each call.
  if (again.upstream.statusCode === 401) rememberFailure(services, failureId, new OAuthClientError('REFUSED'))
  return relayResponse(context, forwarded, again.upstream, [...again.secrets, ...sent.secrets])
}

interface Sent {
  readonly upstream: OutboundResponse
  readonly secrets: readonly string[]
}

async function sendWith(context: ForwardContext, forwarded: ForwardedRequest, credential: UsableCredential): Promise<Sent> {
  const { ctx, request, message, session, server } = context
  const opened = openCredential(ctx, credential)
  const headers = requestHeaders({ headers: request.headers, session, hasBody: message !== null, credential: opened.headers })
  const upstream = await ctx.services.outbound.send(server.serverUrl, {
    organizationId: server.organizationId,
    method: request.method as 'GET' | 'POST' | 'DELETE',
    headers,
    credential: opened.headers,
    ...(message ? { body: await runInSlices(writeJson(message.body), server.organizationId) } : {}),
    signal: forwarded.signal,
    // A GET stream holds its connection, so it does not take one from the pool.
    ...(request.method === 'POST' ? { poolKey: `${credential.id} ${credential.version}` } : {}),
    onSent: () => ctx.services.writeBehind.touchMcpCredential(credential.id, ctx.now()),
  })
  forwarded.resetIdleTimer()
  return { upstream, secrets: opened.secrets }
}

const credentialUnreadable =
  'The stored credential cannot be decrypted with the master keys of this server. Ask the operator for its master key, or replace it with updateMcpCredential.'
const upstreamFailed = 'The MCP server could not be reached, or its response violates the protocol. Check it with testMcpServer.'

/** Resolves when the response has been handed to the reply. @throws GatewayError or RequestError before anything was sent */
export async function forward(context: ForwardContext): Promise<FastifyReply> {
  const { ctx, request, reply, message, server, tool, credential, isShared, times } = context
  const forwarded = new ForwardedRequest(
    { ctx, server, credential, isShared, tool, mayBeSilent: request.method === 'GET' },
    times.idleTimeoutMs,
  )
  const stopTracking = trackLifetime(context, forwarded)
  try {
    await sendUpstream(context, forwarded)
    return reply
  } catch (error) {
    const isUnreadable = error instanceof SealError && !reply.sent
    await (isUnreadable ? forwarded.recordOutcome('CREDENTIAL_UNREADABLE') : forwarded.recordFailure())
    if (isUnreadable) throw new GatewayError(message?.id == null ? 503 : 200, 'CREDENTIAL_UNREADABLE', credentialUnreadable)
    if (reply.sent || error instanceof GatewayError || error instanceof RequestError) throw error
    const level = forwarded.abortReason === 'CLIENT_CLOSED' || forwarded.abortReason === 'TERMINATED' ? 'debug' : 'info'
    ctx.services.log[level](
      { err: error, requestId: request.id, serverId: server.id, ending: forwarded.abortReason },
      'MCP server request failed',
    )
    throw new GatewayError(message?.id == null ? 502 : 200, 'UPSTREAM_FAILED', upstreamFailed)
  } finally {
    stopTracking()
    // Ended last: the outcome of a stream is recorded by now.
    if (reply.sent && !reply.raw.writableEnded && reply.raw.headersSent) reply.raw.end()
  }
}
