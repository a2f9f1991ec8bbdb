/** `/mcp/{serverId}`: MCP over streamable HTTP to any client, with the stored credential put in on the way. */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import type { Config } from '../config/config.js'
import type { Services } from '../context/services.js'
import { deploymentIdOf } from '../encryption/deployment-secrets.js'
import { contextOf } from '../http/create-context.js'
import { onAnswerOver } from '../http/response-end.js'
import { DomainError, RequestError } from '../lib/errors.js'
import { isJsonObject, parseMessage, rpcCodes, rpcError, type Message } from '../lib/json/json-rpc.js'
import { JsonFault } from '../lib/json/strict-json.js'
import { runInSlices } from '../lib/slices.js'
import { beginExchange, type ExchangeKind } from '../mcp/in-flight.js'
import { admit, GatewayRefusal } from './authorize-message.js'
import { forward } from './forward.js'
import { one, protocolHeaders, sessionHeader } from './headers.js'
import { OpenStreams } from './open-streams.js'
import { refuseLoop } from './refuse-loop.js'
import { largestMessage } from './sanitize.js'
import type { GatewayTimes } from './timeouts.js'
import { operationOf } from './usage-label.js'

/** The headers of the newer protocol repeat what the body says, for routers: they must not say something else. */
function refuseMismatch(headers: FastifyRequest['headers'], { method, body }: Message): void {
  const named = one(headers['mcp-method'])
  const tool = one(headers['mcp-name'])
  const { params } = body
  const isOtherTool = tool !== undefined && method === 'tools/call' && (!isJsonObject(params) || params['name'] !== tool)
  if ((named !== undefined && named !== method) || isOtherTool) {
    throw new GatewayRefusal(400, rpcCodes.headerMismatch, 'The Mcp-Method and Mcp-Name headers must say what the message says.')
  }
}

/**
 * A page says where it is from, a program does not. One that is from nowhere that was named may have got here by a name of
 * its own that leads to this machine (MCP 2025-11-25, Transports, Security Warning). The Host header is as much the page's.
 */
function refuseStrangePage({ url, corsOrigins }: Config, { origin }: FastifyRequest['headers']): void {
  if (origin === undefined || origin === new URL(url).origin || corsOrigins.includes(origin)) return
  throw new GatewayRefusal(403, rpcCodes.refused, 'Pages of this origin may not call: KEYHOUSE_CORS_ORIGINS does not name it.')
}

async function messageOf({ method, body }: FastifyRequest, organizationId: string): Promise<Message | null> {
  if (method !== 'POST') return null
  try {
    return await runInSlices(parseMessage(typeof body === 'string' ? body : ''), organizationId)
  } catch (error) {
    if (error instanceof JsonFault) throw new GatewayRefusal(400, rpcCodes.parse, error.message)
    throw error
  }
}

function kindOf(httpMethod: string, message: Message | null): ExchangeKind {
  if (httpMethod === 'GET') return 'stream'
  return message?.method != null && message.id !== null ? 'call' : 'notification'
}

/** What is told as a JSON-RPC error; undefined for what concerns the request as a whole, as everywhere else. */
function refusalOf(error: unknown): GatewayRefusal | undefined {
  if (error instanceof GatewayRefusal) return error
  if (error instanceof DomainError) return new GatewayRefusal(403, rpcCodes.refused, error.message)
  if (error instanceof RequestError && error.code === 'CONCURRENCY_LIMITED') {
    const data = { code: error.code, retryAfterSeconds: Number(error.headers['retry-after']) }
    return new GatewayRefusal(error.status, rpcCodes.concurrencyLimited, error.message, data, error.headers)
  }
  if ((error as Partial<FastifyError>).code !== 'FST_ERR_CTP_BODY_TOO_LARGE') return undefined
  const text = `A message must have at most ${largestMessage} bytes.`
  return new GatewayRefusal(413, rpcCodes.invalidRequest, text, undefined, { connection: 'close' })
}

export async function serveGateway(server: FastifyInstance, app: Services, times: GatewayTimes): Promise<void> {
  const deploymentId = deploymentIdOf(app.secrets)
  const streams = new OpenStreams(app, times)
  server.addHook('preClose', (done) => {
    streams.close()
    done()
  })

  const relay = async (request: FastifyRequest<{ Params: { serverId: string } }>, reply: FastifyReply): Promise<FastifyReply> => {
    const ctx = await contextOf(app, request, reply)
    // Nobody without a credential learns what could be said here.
    request.story.actorId = ctx.actor.id
    let operation: string | null = null
    try {
      refuseStrangePage(app.config, request.headers)
      refuseLoop(deploymentId, one(request.headers['cdn-loop']))
      const message = await messageOf(request, ctx.actor.organizationId)
      operation = operationOf(request.method, message)
      request.story.operation = operation
      if (message) {
        request.story.message = message
        refuseMismatch(request.headers, message)
      }
      const release = beginExchange(ctx, kindOf(request.method, message))
      try {
        const headers = Object.fromEntries(protocolHeaders(request.headers).map((name) => [name, String(request.headers[name])]))
        const session = one(request.headers[sessionHeader])
        const admission = await admit(ctx, { serverId: request.params.serverId, message, session, headers })
        ctx.count(operation, false)
        return await forward({ ctx, request, reply, streams, message, times, ...admission })
      } finally {
        onAnswerOver(reply, request, release)
      }
    } catch (error) {
      if (ctx.uses === 0) ctx.count(operation, true)
      throw error
    }
  }

  await server.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('application/json', { parseAs: 'string', bodyLimit: largestMessage }, (_request, body, parsed) =>
      parsed(null, body),
    )
    scope.setErrorHandler((error, request, reply) => {
      if (reply.sent) return
      const refusal = refusalOf(error)
      if (!refusal) throw error
      if (error instanceof RequestError) request.story.codes = [error.code]
      void reply
        .code(refusal.status)
        .headers({ 'cache-control': 'no-store', ...refusal.headers })
        .type('application/json')
        .send(JSON.stringify(rpcError(request.story.message?.id ?? null, refusal.code, refusal.message, refusal.data)))
    })
    scope.route({ method: ['GET', 'POST', 'DELETE'], url: '/mcp/:serverId', exposeHeadRoute: false, handler: relay })
    done()
  })
}
