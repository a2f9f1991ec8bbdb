/** Static files of a bundle: an allow-list of names, cached by digest, compressed ahead where the build did so. */
import { createReadStream, existsSync, readdirSync } from 'node:fs'
import { extname } from 'node:path'

import type { FastifyReply, FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
}

/** The name contains a digest of the content, so the file is immutable. */
const isDigested = (file: string): boolean => /-[0-9A-Z]{8}\.\w+$/.test(file)

const acceptsBrotli = (header: string | undefined): boolean =>
  new Negotiator({ headers: { 'accept-encoding': header ?? 'identity' } }).encoding(['br', 'identity']) === 'br'

export interface StaticFiles {
  readonly has: (file: string) => boolean
  /** Sends a file that exists. */
  readonly send: (request: FastifyRequest, reply: FastifyReply, file: string) => FastifyReply
}

interface StaticFilesArgs {
  /** Without it, no file exists: the bundle has not been built. */
  readonly folder: URL
  /** Headers of every file, such as its Content-Security-Policy. */
  readonly headers: Readonly<Record<string, string>>
  /** `Cache-Control` of files without a digest in their name. */
  readonly pageCaching: 'no-cache' | 'no-store'
}

/** Reads the names once: a request never names a path, which prevents path traversal. */
export function openStaticFiles({ folder, headers, pageCaching }: StaticFilesArgs): StaticFiles {
  const names = new Set(existsSync(folder) ? readdirSync(folder) : [])
  return {
    has: (file) => extname(file) in contentTypes && names.has(file),
    send(request, reply, file) {
      const isCompressed = names.has(`${file}.br`) && acceptsBrotli(request.headers['accept-encoding'])
      void reply.headers({
        ...headers,
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cache-control': isDigested(file) ? 'public, max-age=31536000, immutable' : pageCaching,
        ...(names.has(`${file}.br`) ? { vary: 'accept-encoding' } : {}),
        ...(isCompressed ? { 'content-encoding': 'br' } : {}),
      })
      return reply
        .type(contentTypes[extname(file)] ?? 'application/octet-stream')
        .send(createReadStream(new URL(isCompressed ? `${file}.br` : file, folder)))
    },
  }
}
