/** Brings an answer back: whole or as a stream of events, with back-pressure, and nothing in it that is not the caller's. */
import { once } from 'node:events'
import type { Readable } from 'node:stream'

import { rpcErrorCodes } from '../lib/json/json-rpc.js'
import { JsonError } from '../lib/json/strict-json.js'
import { runInSlices, type Work } from '../lib/slices.js'
import type { OutboundResponse } from '../outbound/outbound.js'
import { GatewayError } from './authorize-message.js'
import type { ForwardedRequest, ForwardContext } from './forwarded-request.js'
import { responseHeaders, sessionHeader } from './headers.js'
import { SseSanitizer, maxMessageBytes, matchResponse, sanitizer, type CleanMessage, type Sanitizer } from './sanitize.js'
import { bindSession } from './session.js'

export async function relayResponse(
  way: ForwardContext,
  flight: ForwardedRequest,
  upstream: OutboundResponse,
  secrets: readonly string[],
): Promise<void> {
  const { statusCode: status, body } = upstream
  const encoding = upstream.headers['content-encoding'] ?? 'identity'
  try {
    if (encoding !== 'identity') throw new JsonError('The upstream server encodes its answer, though it was asked not to.')
    if (status === 401 || status === 403) return await reportCredentialRejected(way, flight, status)
    const sanitize = sanitizer(secrets, way.isAllowed)
    const headers = answerHeaders(way, upstream, sanitize)
    const type = upstream.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
    if (type === 'text/event-stream' && status < 300) await relayStream(way, flight, body, headers, new SseSanitizer(sanitize))
    else await relayBuffered(way, flight, { status, type, body: await readAll(body, flight) }, headers, sanitize)
  } finally {
    // An answer that was read to its end has given its connection back.
    if (!body.readableEnded) body.destroy()
  }
}

/** The fault of what is stored, and not of the caller's own credential. */
async function reportCredentialRejected({ message }: ForwardContext, flight: ForwardedRequest, status: number): Promise<never> {
  await flight.recordOutcome('CREDENTIAL_REFUSED')
  const text = `The MCP server refused the stored credential (${status}). Store another one with createMcpCredential.`
  throw new GatewayError(message?.id == null ? 502 : 200, rpcErrorCodes.upstream, text, { httpStatus: status })
}

function answerHeaders(
  { ctx, server, credential }: ForwardContext,
  { headers }: OutboundResponse,
  sanitize: Sanitizer,
): Record<string, string> {
  const back = responseHeaders(headers, sanitize)
  const session = headers[sessionHeader]
  if (session === undefined) return back
  return { ...back, [sessionHeader]: bindSession(ctx.app.deploymentSecrets, session, { actor: ctx.actor, server, credential }) }
}

/** By its events: reading it as an iterable would cost as much as sending it. */
function readAll(upstream: Readable, flight: ForwardedRequest): Promise<string> {
  // One buffer that grows: chunks of one byte each would take a hundred times their size.
  let bytes = Buffer.allocUnsafe(4096)
  let size = 0
  return new Promise((resolve, reject) => {
    upstream.on('data', (chunk: Buffer) => {
      flight.resetIdleTimer()
      const needed = size + chunk.length
      if (needed > maxMessageBytes) {
        upstream.destroy(new JsonError('An answer of the upstream server is too large.'))
        return
      }
      if (needed > bytes.length) bytes = Buffer.concat([bytes], Math.max(needed, 2 * bytes.length))
      size += chunk.copy(bytes, size)
    })
    upstream.once('end', () => resolve(bytes.toString('utf8', 0, size)))
    upstream.once('error', reject)
    upstream.once('close', () => {
      // Cut off, or ended by whoever left.
      if (!upstream.readableEnded) reject(new JsonError('The upstream server did not end its answer.'))
    })
  })
}

const isToolError = (message: unknown): boolean => {
  const result: unknown = Reflect.get(Object(message), 'result')
  return Reflect.get(Object(message), 'error') !== undefined || Reflect.get(Object(result), 'isError') === true
}

interface Whole {
  readonly status: number
  readonly type: string
  readonly body: string
}

function* readText(body: string, { isSuspect, text }: Sanitizer): Work<CleanMessage> {
  return { message: undefined, text: isSuspect(body) ? yield* text(body) : body }
}

async function relayBuffered(
  { ctx, reply, server }: ForwardContext,
  flight: ForwardedRequest,
  { status, type, body }: Whole,
  headers: Record<string, string>,
  sanitize: Sanitizer,
): Promise<void> {
  const isJson = type === 'application/json' && body !== ''
  // What a proxy or a framework wrote is not the protocol's, but it may help to find out why.
  const work = isJson ? sanitize.json(body) : readText(type.startsWith('text/') ? body : '', sanitize)
  flight.dispose()
  const { message, text } = await runInSlices(work, server.organizationId)
  await flight.recordOutcome(status >= 400 ? 'UPSTREAM_FAILED' : isToolError(message) ? 'TOOL_ERROR' : 'OK')
  ctx.clearCaches()
  void reply.code(status >= 500 ? 502 : status).headers(headers)
  if (text === '') return void reply.send()
  return void reply.type(isJson ? 'application/json' : 'text/plain; charset=utf-8').send(text)
}

async function relayStream(
  { message, request, reply, times, server }: ForwardContext,
  flight: ForwardedRequest,
  upstream: Readable,
  headers: Record<string, string>,
  cleaner: SseSanitizer,
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
  const beat = request.method === 'GET' ? setInterval(() => raw.writableNeedDrain || raw.write(':\n\n'), times.heartbeat) : undefined
  try {
    for await (const chunk of upstream as AsyncIterable<Buffer>) {
      // While this works, it is not the upstream that is silent.
      flight.dispose()
      const messages = await runInSlices(cleaner.feed(chunk), server.organizationId)
      flight.resetIdleTimer()
      for (const { text, message: sent } of messages) {
        const response = matchResponse(sent, message?.id ?? null)
        if (response) await flight.recordOutcome(isToolError(response) ? 'TOOL_ERROR' : 'OK')
        flight.signal.throwIfAborted()
        if (!raw.write(text)) await once(raw, 'drain', { signal: flight.signal })
      }
    }
    // The protocol lets a server end a stream before its response, and go on with another one (resumption).
    await flight.recordOutcome('UNFINISHED')
  } finally {
    clearInterval(beat)
  }
}
