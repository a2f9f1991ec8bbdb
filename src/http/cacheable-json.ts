/** Sends public JSON documents with cache headers, gzip and conditional requests (RFC 9110 §13). */
import { promisify } from 'node:util'
import { createGunzip, gzip } from 'node:zlib'

import type { FastifyReply, FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'

import { sha256 } from '../lib/crypto/digest.js'
import type { PreparedDocument } from '../lib/prepared-document.js'

const compress = promisify(gzip)

/** Accept-Encoding names gzip or `*` with a weight above zero, and does not prefer another coding (RFC 9110 §12.5.3). */
export const acceptsGzip = (header: string | undefined): boolean =>
  new Negotiator({ headers: { 'accept-encoding': header } }).encoding(['gzip', 'identity']) === 'gzip'

/** If-None-Match names the tag. Weak comparison (RFC 9110 §13.1.2): the gzip form is the same document. */
function matchesEtag(header: string | undefined, tag: string): boolean {
  const tags = (header ?? '').split(',').map((item) => item.trim().replace(/^W\//, ''))
  return tags.includes('*') || tags.includes(tag)
}

/** Sets the cache headers. True when the client's copy is current. */
function isNotModified(request: FastifyRequest, reply: FastifyReply, tag: string, maxAge: number): boolean {
  void reply.headers({
    'cache-control': `public, max-age=${maxAge}`,
    'access-control-allow-origin': '*',
    etag: `W/"${tag}"`,
    vary: 'accept-encoding',
  })
  if (matchesEtag(request.headers['if-none-match'], `"${tag}"`)) return true
  void reply.type('application/json; charset=utf-8')
  return false
}

/** @param maxAge seconds that a cache may keep the document */
export async function sendCacheableJson(
  request: FastifyRequest,
  reply: FastifyReply,
  document: object,
  maxAge: number,
): Promise<FastifyReply> {
  const text = JSON.stringify(document)
  if (isNotModified(request, reply, sha256(text).slice(0, 32), maxAge)) return reply.code(304).send()
  if (!acceptsGzip(request.headers['accept-encoding'])) return reply.send(text)
  return reply.header('content-encoding', 'gzip').send(await compress(text))
}

/** Sends a document that is kept gzipped. @param maxAge seconds that a cache may keep it */
export function sendPreparedDocument(
  request: FastifyRequest,
  reply: FastifyReply,
  document: PreparedDocument,
  maxAge: number,
): FastifyReply {
  const { tag, length, gzip: compressed } = document
  if (isNotModified(request, reply, tag, maxAge)) return reply.code(304).send()
  if (acceptsGzip(request.headers['accept-encoding'])) return reply.header('content-encoding', 'gzip').send(compressed)
  // Streamed with back-pressure: a slow client holds only one chunk in memory.
  const plain = createGunzip()
  plain.end(compressed)
  return reply.header('content-length', length).send(plain)
}
