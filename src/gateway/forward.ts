/** Forwards one message and brings the answer back, ended by whoever leaves first. */
import type { FastifyReply } from 'fastify'

import { onAnswerOver } from '../http/response-end.js'
import { RequestError } from '../lib/errors.js'
import { rpcErrorCodes } from '../lib/json/json-rpc.js'
import { writeJson } from '../lib/json/write-json.js'
import { runInSlices } from '../lib/slices.js'
import { openCredential } from '../mcp/credentials/open-credential.js'
import { GatewayError } from './authorize-message.js'
import { ForwardedRequest, type ForwardContext } from './forwarded-request.js'
import { requestHeaders } from './headers.js'
import { relayResponse } from './relay-response.js'

/** Watches who may end it. The answer stops watching. */
function trackLifetime(way: ForwardContext, flight: ForwardedRequest): () => void {
  const { ctx, request, reply, streams, credential, server } = way
  const left = (): void => {
    if (!reply.raw.writableFinished) flight.end('LEFT')
  }
  const stop = onAnswerOver(reply, request, left)
  const isStream = request.method === 'GET'
  const withdraw = streams.add({ standing: ctx.actor.authVersion, credential, server, isStream, end: () => flight.end('ENDED') })
  return () => {
    stop()
    flight.dispose()
    withdraw()
  }
}

async function sendUpstream(way: ForwardContext, flight: ForwardedRequest): Promise<void> {
  const { ctx, request, message, session, server, credential } = way
  const opened = openCredential(ctx, credential)
  const headers = requestHeaders({ headers: request.headers, session, hasBody: message !== null, credential: opened.headers })
  const upstream = await ctx.app.outbound.send(server.serverUrl, {
    organizationId: server.organizationId,
    method: request.method as 'GET' | 'POST' | 'DELETE',
    headers,
    credential: opened.headers,
    ...(message ? { body: await runInSlices(writeJson(message.body), server.organizationId) } : {}),
    signal: flight.signal,
    // A stream has its connection to itself for as long as it stands.
    ...(request.method === 'POST' ? { poolKey: credential.id } : {}),
    onSent: () => ctx.app.writeBehind.touchMcpCredential(credential.id, ctx.now()),
  })
  flight.resetIdleTimer()
  await relayResponse(way, flight, upstream, opened.secrets)
}

const failed = 'The MCP server could not be reached, or did not answer as the protocol demands.'

/** Ends when the answer has been handed over. @throws GatewayError or RequestError while nothing has been sent */
export async function forward(way: ForwardContext): Promise<FastifyReply> {
  const { ctx, request, reply, message, server, tool, credential, times } = way
  const flight = new ForwardedRequest({ ctx, server, credential, tool, mayBeSilent: request.method === 'GET' }, times.silence)
  const unwatch = trackLifetime(way, flight)
  try {
    await sendUpstream(way, flight)
    return reply
  } catch (error) {
    await flight.tellFailure()
    if (reply.sent || error instanceof GatewayError || error instanceof RequestError) throw error
    const level = flight.ending === 'LEFT' || flight.ending === 'ENDED' ? 'debug' : 'info'
    ctx.app.log[level]({ err: error, requestId: request.id, serverId: server.id, ending: flight.ending }, 'the upstream server failed')
    throw new GatewayError(message?.id == null ? 502 : 200, rpcErrorCodes.upstream, failed)
  } finally {
    unwatch()
    // Whatever became of a stream, it has been recorded by now.
    if (reply.sent && !reply.raw.writableEnded && reply.raw.headersSent) reply.raw.end()
  }
}
