/** Document for repeated serving: compressed once, off the event loop, and kept only in compressed form. */
import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'

export interface PreparedDocument {
  /** Opaque entity tag (RFC 9110 §8.8.3), without quotes. */
  readonly tag: string
  /** Bytes before compression. */
  readonly length: number
  readonly gzip: Buffer
}

/** Compresses a document part by part and computes its entity tag. */
export async function prepareDocument(parts: AsyncIterable<string> | Iterable<string>): Promise<PreparedDocument> {
  const hash = createHash('sha256')
  let length = 0
  async function* hashed(): AsyncGenerator<Buffer> {
    for await (const part of parts) {
      const bytes = Buffer.from(part)
      hash.update(bytes)
      length += bytes.length
      yield bytes
    }
  }
  const gzip = await pipeline(hashed, createGzip(), (compressed) => buffer(compressed))
  return { tag: hash.digest('hex').slice(0, 32), length, gzip }
}
