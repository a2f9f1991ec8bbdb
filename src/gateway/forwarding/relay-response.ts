/** Relays the upstream response, buffered or as an event stream: sanitized, and with back-pressure. */
import { once } from 'node:events'
import type { Readable } from 'node:stream'

import { JsonError } from '../../lib/json/strict-json.js'
import { runInSlices, type SlicedComputation } from '../../lib/slices.js'
import { recordNeededScopes } from '../../mcp/connections/needed-scopes.js'
import { isRenewable } from '../../mcp/connections/renew-credential.js'
import type { OutboundResponse } from '../../outbound/outbound.js'
import { connectLink } from '../connect-link.js'
import { sessionOpensUrls } from '../elicitation/client-capabilities.js'
import { GatewayError } from '../gateway-error.js'
import { responseHeaders, sessionHeader } from '../headers.js'
import { bindSession } from '../session.js'
import type { ForwardedRequest, ForwardContext } from './forwarded-request.js'
import { SseSanitizer, maxMessageBytes, matchResponse, createSanitizer, type SanitizedMessage, type Sanitizer } from './sanitize.js'

export async function relayResponse(
  context: ForwardContext,
  forwarded: ForwardedRequest,
  upstream: OutboundResponse,
  secrets: readonly string[],
): Promise<void> {
  const { statusCode: status, body } = upstream
  const { ctx, credential } = context
  ctx.services.writeBehind.recordCredentialResponse({ credential, httpStatus: status, at: ctx.now() })
  const encoding = upstream.headers['content-encoding'] ?? 'identity'
  try {
    if (encoding !== 'identity') throw new JsonError('The MCP server sent a compressed response, which the gateway does not accept.')
    if (status === 401 || status === 403) return await reportCredentialRejected(context, forwarded, upstream)
    const sanitize = createSanitizer(secrets, context.isAllowed)
    const headers = toClientHeaders(context, upstream, sanitize)
    const type = upstream.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
    if (type === 'text/event-stream' && status < 300) await relayStream(context, forwarded, body, headers, new SseSanitizer(sanitize))
    else await relayBuffered(context, forwarded, { status, type, body: await readAll(body, forwarded) }, headers, sanitize)
  } finally {
    // A body that was read to its end has already released its connection.
    if (!body.readableEnded) body.destroy()
  }
}

/** Upstream rejected the stored credential, not the caller's. */
async function reportCredentialRejected(
  { ctx, message, server, credential }: ForwardContext,
  forwarded: ForwardedRequest,
  { statusCode: httpStatus, headers }: OutboundResponse,
): Promise<never> {
  await forwarded.recordOutcome('CREDENTIAL_REFUSED')
  const status = message?.id == null ? 502 : 200
  const refused = `The MCP server rejected the stored credential (HTTP status ${httpStatus}).`
  if (!isRenewable(credential))
    throw new GatewayError(status, 'CREDENTIAL_REFUSED', `${refused} Replace it with updateMcpCredential.`, { httpStatus })
  const neededScopes = await recordNeededScopes(ctx.services, credential, headers['www-authenticate'])
  const data = { httpStatus, ...(neededScopes.length > 0 ? { neededScopes } : {}), ...(await connectLink(ctx, server)) }
  throw new GatewayError(status, 'CREDENTIAL_REFUSED', `${refused} Connect the account again with startMcpConnection.`, data)
}

function toClientHeaders(
  { ctx, request, message, server, credential }: ForwardContext,
  { headers }: OutboundResponse,
  sanitize: Sanitizer,
): Record<string, string> {
  const result = responseHeaders(headers, sanitize)
  const session = headers[sessionHeader]
  if (session === undefined) return result
  const owner = { actor: ctx.actor, server, credential }
  const clientOpensUrls = sessionOpensUrls(message, request.headers)
  return { ...result, [sessionHeader]: bindSession(ctx.services.deploymentSecrets, session, owner, clientOpensUrls) }
}

/** Uses stream events: async iteration would cost as much as sending the request. @throws JsonError when too large or cut off */
function readAll(upstream: Readable, forwarded: ForwardedRequest): Promise<string> {
  // One growing buffer: a list of one-byte chunks would take a hundred times their size.
  let bytes = Buffer.allocUnsafe(4096)
  let size = 0
  return new Promise((resolve, reject) => {
    upstream.on('data', (chunk: Buffer) => {
      forwarded.resetIdleTimer()
      const needed = size + chunk.length
      if (needed > maxMessageBytes) {
        upstream.destroy(new JsonError('The response of the MCP server is too large.'))
        return
      }
      if (needed > bytes.length) bytes = Buffer.concat([bytes], Math.max(needed, 2 * bytes.length))
      size += chunk.copy(bytes, size)
    })
    upstream.once('end', () => resolve(bytes.toString('utf8', 0, size)))
    upstream.once('error', reject)
    upstream.once('close', () => {
      // Cut off by upstream, or aborted.
      if (!upstream.readableEnded) reject(new JsonError('The response of the MCP server is incomplete.'))
    })
  })
}

const isToolError = (message: unknown): boolean => {
  const result: unknown = Reflect.get(Object(message), 'result')
  return Reflect.get(Object(message), 'error') !== undefined || Reflect.get(Object(result), 'isError') === true
}

interface BufferedResponse {
  readonly status: number
  readonly type: string
  readonly body: string
}

function* readText(body: string, { isSuspect, text }: Sanitizer): SlicedComputation<SanitizedMessage> {
  return { message: undefined, text: isSuspect(body) ? yield* text(body) : body }
}

async function relayBuffered(
  { ctx, request, reply, server, tool }: ForwardContext,
  forwarded: ForwardedRequest,
  { status, type, body }: BufferedResponse,
  headers: Record<string, string>,
  sanitize: Sanitizer,
): Promise<void> {
  const isJson = type === 'application/json' && body !== ''
  // Text of a proxy or framework is not MCP, but it helps to diagnose the failure.
  const work = isJson ? sanitize.json(body) : readText(type.startsWith('text/') ? body : '', sanitize)
  forwarded.dispose()
  const { message, text } = await runInSlices(work, server.organizationId)
  if (status >= 400 && tool !== null) request.state.codes = ['UPSTREAM_FAILED']
  await forwarded.recordOutcome(status >= 400 ? 'UPSTREAM_FAILED' : isToolError(message) ? 'TOOL_ERROR' : 'OK')
  ctx.clearCaches()
  void reply.code(status >= 500 ? 502 : status).headers(headers)
  if (text === '') return void reply.send()
  return void reply.type(isJson ? 'application/json' : 'text/plain; charset=utf-8').send(text)
}

async function relayStream(
  { message, request, reply, times, server }: ForwardContext,
  forwarded: ForwardedRequest,
  upstream: Readable,
  headers: Record<string, string>,
  sseSanitizer: SseSanitizer,
): Promise<void> {
  reply.hijack()
  const { raw } = reply
  raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    ...headers,
    'content-type': 'text/event-stream',
    'x-accel-buffering': 'no',
  })
  raw.flushHeaders()
  const heartbeat =
    request.method === 'GET' ? setInterval(() => raw.writableNeedDrain || raw.write(':\n\n'), times.heartbeatIntervalMs) : undefined
  try {
    for await (const chunk of upstream as AsyncIterable<Buffer>) {
      // No idle timeout while the gateway itself processes the chunk.
      forwarded.dispose()
      const messages = await runInSlices(sseSanitizer.feed(chunk), server.organizationId)
      forwarded.resetIdleTimer()
      for (const { text, message: sent } of messages) {
        const response = matchResponse(sent, message?.id ?? null)
        if (response) await forwarded.recordOutcome(isToolError(response) ? 'TOOL_ERROR' : 'OK')
        forwarded.signal.throwIfAborted()
        if (!raw.write(text)) await once(raw, 'drain', { signal: forwarded.signal })
      }
    }
    // The server may end a stream before its response, and the client may resume it (MCP resumability).
    await forwarded.recordOutcome('UNFINISHED')
  } finally {
    clearInterval(heartbeat)
  }
}
