/** `fetch` for OAuth libraries through the outbound client: bounded in time and bytes, and with its address rules for every hop. */
import type { Readable } from 'node:stream'

import { OutboundError } from './outbound-error.js'
import type { Outbound } from './outbound.js'

/** Maximum bytes of a response: metadata, registrations and tokens are small. */
export const maxResponseBytes = 65_536

/** Milliseconds of one exchange with an authorization server, look-up and body included. */
const timeoutMs = 10_000

interface FetchOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

export type OutboundFetch = (url: string, options?: FetchOptions) => Promise<Response>

/** @throws OutboundError, also for a redirect to another origin: a request may carry a code, a token or a client secret */
export const createOutboundFetch =
  (outbound: Outbound, organizationId: string): OutboundFetch =>
  async (url, { method = 'GET', headers = {}, body } = {}) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const {
      statusCode,
      headers: received,
      body: stream,
    } = await outbound.send(url, {
      organizationId,
      method: method as 'GET' | 'POST',
      headers: { ...headers, 'accept-encoding': 'identity', 'user-agent': 'keyhouse' },
      // Of no header, but it pins the origin.
      credential: {},
      ...(body == null ? {} : { body: String(body as string | URLSearchParams) }),
      signal,
    })
    const text = await readText(stream, signal)
    const entries = Object.entries(received).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as [string, string]]))
    return new Response([204, 205, 304].includes(statusCode) ? null : text, { status: statusCode, headers: entries })
  }

async function readText(stream: Readable, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > maxResponseBytes) throw new OutboundError('PROTOCOL_ERROR')
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof OutboundError) throw error
    throw new OutboundError(signal.aborted ? 'TIMEOUT' : 'CONNECTION_FAILED', { cause: error })
  } finally {
    if (!stream.readableEnded) stream.destroy()
  }
  return Buffer.concat(chunks).toString()
}
