/** `/mcp/{serverId}`: MCP over streamable HTTP to any client, with the stored credential put in on the way. */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import type { Config } from '../config/config.js'
import type { Services } from '../context/services.js'
import { getDeploymentId } from '../encryption/deployment-secrets.js'
import { createContext } from '../http/create-context.js'
import { onAnswerOver } from '../http/response-end.js'
import { DomainError, RequestError } from '../lib/errors.js'
import { isJsonObject, parseMessage, rpcErrorCodes, rpcError, type JsonRpcMessage } from '../lib/json/json-rpc.js'
import { JsonError } from '../lib/json/strict-json.js'
import { runInSlices } from '../lib/slices.js'
import { beginExchange, type ExchangeKind } from '../mcp/in-flight.js'
import { authorizeMessage, GatewayError } from './authorize-message.js'
import { forward } from './forward.js'
import { firstValue, protocolHeaders, sessionHeader } from './headers.js'
import { OpenStreams } from './open-streams.js'
import { assertNoLoop } from './refuse-loop.js'
import { maxMessageBytes } from './sanitize.js'
import type { GatewayTimeouts } from './timeouts.js'
import { usageLabel } from './usage-label.js'

/** The headers of the newer protocol repeat what the body says, for routers: they must not say something else. */
function assertHeadersMatchBody(headers: FastifyRequest['headers'], { method, body }: JsonRpcMessage): void {
  const named = firstValue(headers['mcp-method'])
  const tool = firstValue(headers['mcp-name'])
  const { params } = body
  const isOtherTool = tool !== undefined && method === 'tools/call' && (!isJsonObject(params) || params['name'] !== tool)
  if ((named !== undefined && named !== method) || isOtherTool) {
    throw new GatewayError(400, rpcErrorCodes.headerMismatch, 'The Mcp-Method and Mcp-Name headers must say what the message says.')
  }
}

/**
 * A page says where it is from, a program does not. One that is from nowhere that was named may have got here by a name of
 * its own that leads to this machine (MCP 2025-11-25, Transports, Security Warning). The Host header is as much the page's.
 */
function assertAllowedOrigin({ url, corsOrigins }: Config, { origin }: FastifyRequest['headers']): void {
  if (origin === undefined || origin === new URL(url).origin || corsOrigins.includes(origin)) return
  throw new GatewayError(403, rpcErrorCodes.refused, 'Pages of this origin may not call: KEYHOUSE_CORS_ORIGINS does not name it.')
}

async function parseRequestMessage({ method, body }: FastifyRequest, organizationId: string): Promise<JsonRpcMessage | null> {
  if (method !== 'POST') return null
  try {
    return await runInSlices(parseMessage(typeof body === 'string' ? body : ''), organizationId)
  } catch (error) {
    if (error instanceof JsonError) throw new GatewayError(400, rpcErrorCodes.parse, error.message)
    throw error
  }
}

function exchangeKind(httpMethod: string, message: JsonRpcMessage | null): ExchangeKind {
  if (httpMethod === 'GET') return 'stream'
  return message?.method != null && message.id !== null ? 'call' : 'notification'
}

/** What is told as a JSON-RPC error; undefined for what concerns the request as a whole, as everywhere else. */
function toGatewayError(error: unknown): GatewayError | undefined {
  if (error instanceof GatewayError) return error
  if (error instanceof DomainError) return new GatewayError(403, rpcErrorCodes.refused, error.message)
  if (error instanceof RequestError && error.code === 'CONCURRENCY_LIMITED') {
    const data = { code: error.code, retryAfterSeconds: Number(error.headers['retry-after']) }
    return new GatewayError(error.status, rpcErrorCodes.concurrencyLimited, error.message, data, error.headers)
  }
  if ((error as Partial<FastifyError>).code !== 'FST_ERR_CTP_BODY_TOO_LARGE') return undefined
  const text = `A message must have at most ${maxMessageBytes} bytes.`
  return new GatewayError(413, rpcErrorCodes.invalidRequest, text, undefined, { connection: 'close' })
}

export async function registerGateway(server: FastifyInstance, app: Services, times: GatewayTimeouts): Promise<void> {
  const deploymentId = getDeploymentId(app.deploymentSecrets)
  const streams = new OpenStreams(app, times)
  server.addHook('preClose', (done) => {
    streams.close()
    done()
  })

  const relay = async (request: FastifyRequest<{ Params: { serverId: string } }>, reply: FastifyReply): Promise<FastifyReply> => {
    const ctx = await createContext(app, request, reply)
    // Nobody without a credential learns what could be said here.
    request.state.actorId = ctx.actor.id
    let operation: string | null = null
    try {
      assertAllowedOrigin(app.config, request.headers)
      assertNoLoop(deploymentId, firstValue(request.headers['cdn-loop']))
      const message = await parseRequestMessage(request, ctx.actor.organizationId)
      operation = usageLabel(request.method, message)
      request.state.operation = operation
      if (message) {
        request.state.message = message
        assertHeadersMatchBody(request.headers, message)
      }
      const release = beginExchange(ctx, exchangeKind(request.method, message))
      try {
        const headers = Object.fromEntries(protocolHeaders(request.headers).map((name) => [name, String(request.headers[name])]))
        const session = firstValue(request.headers[sessionHeader])
        const admission = await authorizeMessage(ctx, { serverId: request.params.serverId, message, session, headers })
        ctx.recordUsage(operation, false)
        return await forward({ ctx, request, reply, streams, message, times, ...admission })
      } finally {
        onAnswerOver(reply, request, release)
      }
    } catch (error) {
      if (ctx.usageCount === 0) ctx.recordUsage(operation, true)
      throw error
    }
  }

  await server.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('application/json', { parseAs: 'string', bodyLimit: maxMessageBytes }, (_request, body, parsed) =>
      parsed(null, body),
    )
    scope.setErrorHandler((error, request, reply) => {
      if (reply.sent) return
      const refusal = toGatewayError(error)
      if (!refusal) throw error
      if (error instanceof RequestError) request.state.codes = [error.code]
      void reply
        .code(refusal.status)
        .headers({ 'cache-control': 'no-store', ...refusal.headers })
        .type('application/json')
        .send(JSON.stringify(rpcError(request.state.message?.id ?? null, refusal.code, refusal.message, refusal.data)))
    })
    scope.route({ method: ['GET', 'POST', 'DELETE'], url: '/mcp/:serverId', exposeHeadRoute: false, handler: relay })
    done()
  })
}
