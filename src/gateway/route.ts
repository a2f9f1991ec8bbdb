/** `/mcp/{serverId}`: proxies MCP over Streamable HTTP, and adds the stored credential to the upstream request. */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import type { Config } from '../config/config.js'
import type { Context } from '../context/context.js'
import type { Services } from '../context/services.js'
import { getDeploymentId } from '../encryption/deployment-secrets.js'
import { createContext } from '../http/create-context.js'
import { onResponseEnd } from '../http/response-end.js'
import { DomainError, RequestError } from '../lib/errors.js'
import { isJsonObject, parseMessage, type JsonRpcMessage } from '../lib/json/json-rpc.js'
import { JsonError } from '../lib/json/strict-json.js'
import { runInSlices } from '../lib/slices.js'
import { acquireExchangeSlot, type ExchangeKind } from '../mcp/in-flight.js'
import { assertNoLoop } from './assert-no-loop.js'
import { authorizeMessage, type AuthorizedMessage } from './authorize-message.js'
import { insufficientScopeHeaders, metadataUrl, withMetadataUrl } from './challenge.js'
import { withoutState } from './elicitation/elicitation-state.js'
import { isAccepted, toElicitation } from './elicitation/url-elicitation.js'
import { waitForConnection } from './elicitation/wait-for-connection.js'
import { FailingAgents } from './failing-agents.js'
import { forward } from './forwarding/forward.js'
import { OpenStreams } from './forwarding/open-streams.js'
import { maxMessageBytes } from './forwarding/sanitize.js'
import { GatewayError } from './gateway-error.js'
import { firstValue, protocolHeaders, sessionHeader } from './headers.js'
import { registerProtectedResources } from './protected-resource.js'
import type { GatewayTimeouts } from './timeouts.js'
import { usageLabel } from './usage-label.js'

/** Mcp-Method and Mcp-Name repeat the body for routers. A mismatch would let a message pass a router's rules. */
function assertHeadersMatchBody(headers: FastifyRequest['headers'], { method, body }: JsonRpcMessage): void {
  const methodHeader = firstValue(headers['mcp-method'])
  const toolHeader = firstValue(headers['mcp-name'])
  const { params } = body
  const isOtherTool = toolHeader !== undefined && method === 'tools/call' && (!isJsonObject(params) || params['name'] !== toolHeader)
  if ((methodHeader !== undefined && methodHeader !== method) || isOtherTool) {
    throw new GatewayError(400, 'HEADER_MISMATCH', 'The Mcp-Method and Mcp-Name headers must equal the method and name in the message.')
  }
}

/**
 * Validates Origin against DNS rebinding (MCP 2025-11-25, Transports, Security Warning). Only browsers send Origin. Host is no
 * alternative: the attacker's page controls it too.
 */
function assertAllowedOrigin({ url, corsOrigins }: Config, { origin }: FastifyRequest['headers']): void {
  if (origin === undefined || origin === new URL(url).origin || corsOrigins.includes(origin)) return
  throw new GatewayError(403, 'ORIGIN_NOT_ALLOWED', 'The Origin of this request is not allowed. Add it to KEYHOUSE_CORS_ORIGINS.')
}

async function parseRequestMessage({ method, body }: FastifyRequest, organizationId: string): Promise<JsonRpcMessage | null> {
  if (method !== 'POST') return null
  try {
    return await runInSlices(parseMessage(typeof body === 'string' ? body : ''), organizationId)
  } catch (error) {
    if (error instanceof JsonError) throw new GatewayError(400, 'PARSE_ERROR', error.message)
    throw error
  }
}

function exchangeKind(httpMethod: string, message: JsonRpcMessage | null): ExchangeKind {
  if (httpMethod === 'GET') return 'stream'
  return message?.method != null && message.id !== null ? 'call' : 'notification'
}

/** Maps an error to its JSON-RPC form. Undefined for errors that the server's own error handler formats. */
function toGatewayError(error: unknown): GatewayError | undefined {
  if (error instanceof GatewayError) return error
  if (error instanceof DomainError) return new GatewayError(403, 'FORBIDDEN', error.message)
  if (error instanceof RequestError && error.code === 'CONCURRENCY_LIMITED') {
    const data = { retryAfterMs: Number(error.headers['retry-after']) * 1000 }
    return new GatewayError(error.status, 'CONCURRENCY_LIMITED', error.message, data, error.headers)
  }
  if ((error as Partial<FastifyError>).code !== 'FST_ERR_CTP_BODY_TOO_LARGE') return undefined
  const text = `The message must have at most ${maxMessageBytes} bytes.`
  return new GatewayError(413, 'PAYLOAD_TOO_LARGE', text, {}, { connection: 'close' })
}

type GatewayRequest = FastifyRequest<{ Params: { serverId: string } }>

/** A message that may be forwarded. `release` frees its slot. */
interface AdmittedMessage extends AuthorizedMessage {
  readonly message: JsonRpcMessage | null
  readonly release: () => void
}

export async function registerGateway(server: FastifyInstance, services: Services, times: GatewayTimeouts): Promise<void> {
  const deploymentId = getDeploymentId(services.deploymentSecrets)
  const streams = new OpenStreams(services, times)
  const agents = new FailingAgents(services.clock, services.log)
  services.metrics.gauge(
    'keyhouse_failing_agents',
    'API keys refused by the gateway for 15 minutes without a successful tool call, by code of the last refusal.',
    ['code'],
    () => agents.count(),
  )
  const closing = new AbortController()
  server.addHook('preClose', (done) => {
    closing.abort()
    streams.close()
    done()
  })

  /** Parses and authorizes the message, and counts it in usage. */
  const admit = async (ctx: Context, request: GatewayRequest, reply: FastifyReply): Promise<AdmittedMessage> => {
    // Authenticated first: a caller without a credential learns nothing about the message checks.
    const { organizationId } = ctx.actor
    let operation: string | null = null
    let isDenied = true
    try {
      assertAllowedOrigin(services.config, request.headers)
      assertNoLoop(deploymentId, firstValue(request.headers['cdn-loop']))
      const received = await parseRequestMessage(request, organizationId)
      operation = usageLabel(request.method, received)
      request.state.operation = operation
      if (received) {
        request.state.message = received
        assertHeadersMatchBody(request.headers, received)
      }
      const { serverId } = request.params
      const message = received && (await withoutState({ ctx, serverId, message: received }))
      if (received && message !== received && isAccepted(received))
        await waitForConnection(ctx, { serverId, request, reply, closing: closing.signal, times })
      const release = acquireExchangeSlot(ctx, exchangeKind(request.method, message))
      try {
        const headers = Object.fromEntries(protocolHeaders(request.headers).map((name) => [name, String(request.headers[name])]))
        const session = firstValue(request.headers[sessionHeader])
        const authorized = await authorizeMessage(ctx, { serverId, message, session, headers })
        isDenied = false
        return { ...authorized, message, release }
      } catch (error) {
        onResponseEnd(reply, request, release)
        throw error
      }
    } finally {
      ctx.recordUsage(operation, isDenied)
    }
  }

  const relay = async (request: GatewayRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const ctx = await createContext(services, request, reply, request.params.serverId)
    const { apiKey } = ctx.actor
    onResponseEnd(reply, request, () => {
      const { operation, codes } = request.state
      // A client that left got no response.
      if (apiKey && reply.raw.writableFinished) agents.record({ apiKeyId: apiKey.id, operation, code: codes?.[0] })
    })
    try {
      const { release, ...admitted } = await admit(ctx, request, reply)
      try {
        return await forward({ ctx, request, reply, streams, times, ...admitted })
      } finally {
        onResponseEnd(reply, request, release)
      }
    } catch (error) {
      throw await toElicitation(ctx, request, error)
    }
  }

  registerProtectedResources(server, services)
  await server.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('application/json', { parseAs: 'string', bodyLimit: maxMessageBytes }, (_request, body, parsed) =>
      parsed(null, body),
    )
    scope.setErrorHandler((error, request, reply) => {
      if (reply.sent) return
      const gatewayError = toGatewayError(error)
      if (!gatewayError) throw withMetadataUrl(error, metadataUrl(services.config, request))
      request.state.codes = [gatewayError.reason]
      void reply
        .code(gatewayError.status)
        .headers({
          'cache-control': 'no-store',
          ...gatewayError.headers,
          ...insufficientScopeHeaders(gatewayError, metadataUrl(services.config, request)),
        })
        .type('application/json')
        .send(JSON.stringify(gatewayError.toResponse(request.state.message?.id ?? null)))
    })
    scope.route({ method: ['GET', 'POST', 'DELETE'], url: '/mcp/:serverId', exposeHeadRoute: false, handler: relay })
    done()
  })
}
