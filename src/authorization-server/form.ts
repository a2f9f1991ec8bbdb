/** Parameters of OAuth requests, as forms and query strings carry them (RFC 6749 §3.1, §3.2, appendix B). */
import type { FastifyInstance } from 'fastify'

import { OAuthError } from '../oauth/oauth-error.js'

/** Maximum size of a form, in bytes. */
export const maxFormBytes = 16_384

/** Parameters by name. One without a value counts as omitted. */
export type Form = ReadonlyMap<string, string>

/** RFC 8707 §2 and RFC 8693 §2.1 allow several. Every token here has one audience. */
const targets: ReadonlySet<string> = new Set(['resource', 'audience'])

/** Parameters of OAuth are named like this. Other names may be a secret that went astray, and are not repeated. */
const isParameterName = (name: string): boolean => /^[a-z_]{1,32}$/.test(name)

/** @throws OAuthError for a parameter that is sent twice, since two readers could take different ones */
export function parseForm(text: string): Form {
  const form = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(text)) {
    if (value === '') continue
    if (form.has(name)) {
      if (targets.has(name)) throw new OAuthError('invalid_target', `Send ${name} once. A token has one audience.`)
      throw new OAuthError('invalid_request', `Send each parameter once. ${isParameterName(name) ? `${name} was` : 'One was'} sent twice.`)
    }
    form.set(name, value)
  }
  return form
}

/** @throws OAuthError invalid_request */
export function requireParameter(form: Form, name: string): string {
  const value = form.get(name)
  if (value === undefined) throw new OAuthError('invalid_request', `The parameter ${name} is required.`)
  return value
}

/** Accepts forms in this scope, and no other body. */
export function registerFormParser(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: maxFormBytes },
    (_request, body, parsed) => {
      try {
        parsed(null, parseForm(body as string))
      } catch (error) {
        parsed(error as Error)
      }
    },
  )
}
