/** Forwards one message and brings the answer back, ended by whoever leaves first. */
import type { FastifyReply } from 'fastify'

import { onAnswerOver } from '../http/response-end.js'
import { RequestError } from '../lib/errors.js'
import { rpcCodes } from '../lib/json/json-rpc.js'
import { writeJson } from '../lib/json/write-json.js'
import { runInSlices } from '../lib/slices.js'
import { openCredential } from '../mcp/credentials/open-credential.js'
import { GatewayRefusal } from './authorize-message.js'
import { Flight, type Forwarding } from './forwarded-request.js'
import { headersOnward } from './headers.js'
import { bringBack } from './relay-response.js'

/** Watches who may end it. The answer stops watching. */
function watch(way: Forwarding, flight: Flight): () => void {
  const { ctx, request, reply, streams, credential, server } = way
  const left = (): void => {
    if (!reply.raw.writableFinished) flight.end('LEFT')
  }
  const stop = onAnswerOver(reply, request, left)
  const isStream = request.method === 'GET'
  const withdraw = streams.add({ standing: ctx.actor.standing, credential, server, isStream, end: () => flight.end('ENDED') })
  return () => {
    stop()
    flight.land()
    withdraw()
  }
}

async function travel(way: Forwarding, flight: Flight): Promise<void> {
  const { ctx, request, message, session, server, credential } = way
  const opened = openCredential(ctx, credential)
  const headers = headersOnward({ headers: request.headers, session, hasBody: message !== null, credential: opened.headers })
  const upstream = await ctx.app.outbound.send(server.serverUrl, {
    organizationId: server.organizationId,
    method: request.method as 'GET' | 'POST' | 'DELETE',
    headers,
    credential: opened.headers,
    ...(message ? { body: await runInSlices(writeJson(message.body), server.organizationId) } : {}),
    signal: flight.signal,
    // A stream has its connection to itself for as long as it stands.
    ...(request.method === 'POST' ? { poolKey: credential.id } : {}),
    onSent: () => ctx.app.writeBehind.credentialUsed(credential.id, ctx.now()),
  })
  flight.alive()
  await bringBack(way, flight, upstream, opened.secrets)
}

const failed = 'The MCP server could not be reached, or did not answer as the protocol demands.'

/** Ends when the answer has been handed over. @throws GatewayRefusal or RequestError while nothing has been sent */
export async function forward(way: Forwarding): Promise<FastifyReply> {
  const { ctx, request, reply, message, server, tool, credential, times } = way
  const flight = new Flight({ ctx, server, credential, tool, mayBeSilent: request.method === 'GET' }, times.silence)
  const unwatch = watch(way, flight)
  try {
    await travel(way, flight)
    return reply
  } catch (error) {
    await flight.tellFailure()
    if (reply.sent || error instanceof GatewayRefusal || error instanceof RequestError) throw error
    const level = flight.ending === 'LEFT' || flight.ending === 'ENDED' ? 'debug' : 'info'
    ctx.app.log[level]({ err: error, requestId: request.id, serverId: server.id, ending: flight.ending }, 'the upstream server failed')
    throw new GatewayRefusal(message?.id == null ? 502 : 200, rpcCodes.upstream, failed)
  } finally {
    unwatch()
    // Whatever became of a stream, it has been recorded by now.
    if (reply.sent && !reply.raw.writableEnded && reply.raw.headersSent) reply.raw.end()
  }
}
