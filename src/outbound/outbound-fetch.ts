/** `fetch` over the outbound client, for libraries: address rules at each request, no redirect, bounded size and time. */
import { OutboundError, toOutboundError } from './outbound-error.js'
import type { Outbound, OutboundResponse } from './outbound.js'

/**
 * Characters of a response header that a library gets. oauth4webapi parses challenges in a time that grows with the square of
 * their length: 200 ms for the 16 KiB that a header can have.
 */
export const maxHeaderLength = 4096

/** Limits of one request. */
export interface FetchLimits {
  readonly maxBytes: number
  readonly timeoutMs: number
}

/** The part of `RequestInit` that oauth4webapi uses. */
export interface FetchOptions {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | URLSearchParams | null
}

export type OutboundFetch = (url: string, options: FetchOptions) => Promise<Response>

async function readBody({ headers, body }: OutboundResponse, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    if ((headers['content-encoding'] ?? 'identity') !== 'identity') throw new OutboundError('PROTOCOL_ERROR')
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > maxBytes) throw new OutboundError('PROTOCOL_ERROR')
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  } catch (error) {
    throw toOutboundError(error, signal)
  } finally {
    body.destroy()
  }
}

/** The returned function throws OutboundError. @param organizationId organization whose limit of DNS look-ups applies */
export const createOutboundFetch =
  (outbound: Outbound, organizationId: string, { maxBytes, timeoutMs }: FetchLimits): OutboundFetch =>
  async (url, { method, headers, body }) => {
    const { authorization, ...others } = headers
    const signal = AbortSignal.timeout(timeoutMs)
    const response = await outbound.send(url, {
      organizationId,
      method: method === 'POST' ? 'POST' : 'GET',
      headers: others,
      credential: authorization === undefined ? null : { authorization },
      // A form: URLSearchParams, or text.
      ...(body == null ? {} : { body: String(body) }),
      followRedirects: false,
      signal,
    })
    const bytes = await readBody(response, maxBytes, signal)
    const status = response.statusCode
    if (status < 200 || status > 599) throw new OutboundError('PROTOCOL_ERROR')
    const responseHeaders = Object.entries(response.headers).flatMap(([name, value]) =>
      value === undefined || value.length > maxHeaderLength ? [] : [[name, value] as [string, string]],
    )
    // A Response with one of these statuses must have no body (Fetch §6.4).
    return new Response([204, 205, 304].includes(status) ? null : new Uint8Array(bytes), { status, headers: responseHeaders })
  }
