/** Documents for everybody: cacheable, compressed when that is understood, and not sent again when they have not changed. */
import { promisify } from 'node:util'
import { createGunzip, gzip } from 'node:zlib'

import type { FastifyReply, FastifyRequest } from 'fastify'

import { sha256 } from '../lib/digest.js'
import type { PreparedDocument } from '../lib/prepared-document.js'

const compress = promisify(gzip)

/** RFC 9110 §12.5.3: a coding that is listed, and not with a weight of zero. */
export function acceptsGzip(header: string | undefined): boolean {
  const weights = new Map<string, number>()
  for (const item of (header ?? '').toLowerCase().split(',')) {
    const [coding = '', ...parameters] = item.split(';').map((part) => part.trim())
    const weight = parameters.find((parameter) => parameter.startsWith('q='))
    weights.set(coding, weight === undefined ? 1 : Number(weight.slice(2)))
  }
  return (weights.get('gzip') ?? weights.get('x-gzip') ?? weights.get('*') ?? 0) > 0
}

/** RFC 9110 §13.1.2: compared weakly, since the compressed form is the same document. */
function isKnown(header: string | undefined, tag: string): boolean {
  const known = (header ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''))
  return known.includes('*') || known.includes(tag)
}

/** Headers, and whether the client has the document already. */
function isAnswered(request: FastifyRequest, reply: FastifyReply, tag: string, maxAge: number): boolean {
  void reply.headers({
    'cache-control': `public, max-age=${maxAge}`,
    'access-control-allow-origin': '*',
    etag: `W/"${tag}"`,
    vary: 'accept-encoding',
  })
  if (isKnown(request.headers['if-none-match'], `"${tag}"`)) return true
  void reply.type('application/json; charset=utf-8')
  return false
}

export async function sendCacheableJson(
  request: FastifyRequest,
  reply: FastifyReply,
  document: object,
  maxAge: number,
): Promise<FastifyReply> {
  const text = JSON.stringify(document)
  if (isAnswered(request, reply, sha256(text).slice(0, 32), maxAge)) return reply.code(304).send()
  if (!acceptsGzip(request.headers['accept-encoding'])) return reply.send(text)
  return reply.header('content-encoding', 'gzip').send(await compress(text))
}

export function publishPrepared(request: FastifyRequest, reply: FastifyReply, document: PreparedDocument, maxAge: number): FastifyReply {
  const { tag, length, gzip: compressed } = document
  if (isAnswered(request, reply, tag, maxAge)) return reply.code(304).send()
  if (acceptsGzip(request.headers['accept-encoding'])) return reply.header('content-encoding', 'gzip').send(compressed)
  // As fast as the client reads, so that it holds a part of it in memory only.
  const plain = createGunzip()
  plain.end(compressed)
  return reply.header('content-length', length).send(plain)
}
