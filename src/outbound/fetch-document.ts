/** Fetches a small public document: no credential, no redirect, bounded in size and time. */
import { OutboundError } from './outbound-error.js'
import type { Outbound, OutboundResponse } from './outbound.js'

export interface DocumentRequest {
  /** Organization whose DNS look-up limit applies. */
  readonly organizationId: string
  readonly maxBytes: number
  readonly timeoutMs: number
}

/** A document and its header fields. */
export interface FetchedDocument {
  readonly text: string
  readonly headers: OutboundResponse['headers']
}

/** @throws OutboundError; PROTOCOL_ERROR for another status than 200, and for a document that is too large or not UTF-8 */
export async function fetchDocument(
  outbound: Outbound,
  url: string,
  { organizationId, maxBytes, timeoutMs }: DocumentRequest,
): Promise<FetchedDocument> {
  const signal = AbortSignal.timeout(timeoutMs)
  const { statusCode, headers, body } = await outbound.send(url, {
    organizationId,
    method: 'GET',
    headers: { accept: 'application/json' },
    credential: null,
    followRedirects: false,
    signal,
  })
  const chunks: Buffer[] = []
  let size = 0
  try {
    if (statusCode !== 200) throw new OutboundError('PROTOCOL_ERROR')
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > maxBytes) throw new OutboundError('PROTOCOL_ERROR')
      chunks.push(chunk)
    }
    return { headers, text: new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)) }
  } catch (error) {
    if (error instanceof OutboundError) throw error
    throw new OutboundError(signal.aborted ? 'TIMEOUT' : 'PROTOCOL_ERROR', { cause: error })
  } finally {
    body.destroy()
  }
}
