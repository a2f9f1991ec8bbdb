/** Body parser: JSON in UTF-8, without `__proto__` or `constructor` keys (prototype pollution). */
import type { FastifyInstance } from 'fastify'

import { RequestError } from '../lib/errors.js'

/** Fatal: a replacement character for invalid UTF-8 would change text that was signed or hashed elsewhere. */
const utf8 = new TextDecoder('utf-8', { fatal: true })

const unreadable = (): RequestError => new RequestError('BAD_REQUEST', 'The request body must be a JSON object in UTF-8.')

const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i

export function registerJsonParser(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error')
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const [, encoding = 'utf-8'] = charset.exec(request.headers['content-type'] ?? '') ?? []
    if (!/^utf-?8$/i.test(encoding)) return done(unreadable())
    let text: string
    try {
      text = utf8.decode(body as Buffer)
    } catch {
      return done(unreadable())
    }
    void parse(request, text, (error, value: unknown) => done(error ? unreadable() : null, value))
  })
}
