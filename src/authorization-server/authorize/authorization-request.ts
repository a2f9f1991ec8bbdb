/** Parameters of an authorization request: syntax, PKCE and scope (RFC 6749 §4.1.1, RFC 7636 §4.3, RFC 8707 §2). */
import type { FastifyRequest } from 'fastify'

import { parseScope } from '../../oauth/grants/offered-permissions.js'
import { PageError } from '../../oauth/page-error.js'
import { maxReturnToLength } from '../../oauth/sign-in/sign-in-request.js'
import { AuthorizationError } from './authorization-response.js'

const maxStateLength = 2000

/** Parameters by name, and the names of those that were sent twice. */
export interface AuthorizationParameters {
  readonly values: ReadonlyMap<string, string>
  readonly repeated: ReadonlySet<string>
}

/** Query of a path; a further question mark is part of it (RFC 3986 §3.4). */
export const queryOf = (url: string): string => (url.includes('?') ? url.slice(url.indexOf('?') + 1) : '')

/** @throws PageError for a request that is too long to survive a sign-in */
export function readParameters({ url }: FastifyRequest): AuthorizationParameters {
  if (url.length > maxReturnToLength)
    throw new PageError('AUTHORIZATION_INVALID', { detail: `The request must have at most ${maxReturnToLength} characters.` })
  const values = new Map<string, string>()
  const repeated = new Set<string>()
  for (const [name, value] of new URLSearchParams(queryOf(url))) {
    if (value === '') continue
    if (values.has(name)) repeated.add(name)
    values.set(name, value)
  }
  return { values, repeated }
}

/** Parameter that must be right before anything is sent to the client. @throws PageError */
export function requireOnce({ values, repeated }: AuthorizationParameters, name: string): string {
  const value = values.get(name)
  if (value === undefined) throw new PageError('AUTHORIZATION_INVALID', { detail: `The parameter ${name} is required.` })
  if (repeated.has(name)) throw new PageError('AUTHORIZATION_INVALID', { detail: `The parameter ${name} was sent twice. Send it once.` })
  return value
}

/** `state` as sent; undefined if it cannot be repeated. */
export function readState({ values, repeated }: AuthorizationParameters): string | undefined {
  const state = values.get('state')
  return repeated.has('state') || (state !== undefined && state.length > maxStateLength) ? undefined : state
}

/** What the client asks for. */
export interface AuthorizationRequest {
  readonly codeChallenge: string
  /** Null: everything that can be granted. */
  readonly requested: readonly string[] | null
  readonly prompts: ReadonlySet<string>
}

const invalidRequest = (text: string): AuthorizationError => new AuthorizationError('invalid_request', text)

function assertSentOnce({ values, repeated }: AuthorizationParameters): void {
  if (repeated.has('resource')) throw new AuthorizationError('invalid_target', 'Send resource once. A token has one audience.')
  const [name] = [...repeated].filter((one) => /^[\w-]{1,64}$/.test(one))
  if (repeated.size > 0) throw invalidRequest(`Send each parameter once. ${name ?? 'One'} was sent twice.`)
  const state = values.get('state')
  if (state !== undefined && state.length > maxStateLength) throw invalidRequest(`state must have at most ${maxStateLength} characters.`)
}

/** S256 alone: `plain`, the default without a method, would reveal the verifier (RFC 9700 §2.1.1). */
function readChallenge(values: AuthorizationParameters['values']): string {
  const challenge = values.get('code_challenge')
  if (challenge === undefined) throw invalidRequest('The parameter code_challenge is required (PKCE).')
  if (values.get('code_challenge_method') !== 'S256') throw invalidRequest('code_challenge_method must be S256.')
  if (!/^[\w-]{43}$/.test(challenge))
    throw invalidRequest('code_challenge must be a SHA-256 digest in base64url without padding: 43 characters.')
  return challenge
}

function readPrompts(values: AuthorizationParameters['values']): ReadonlySet<string> {
  const prompts = new Set(values.get('prompt')?.split(' '))
  if (prompts.has('none') && prompts.size > 1) throw invalidRequest('prompt must not combine none with other values.')
  return prompts
}

/** @throws AuthorizationError */
export function parseRequest(parameters: AuthorizationParameters): AuthorizationRequest {
  assertSentOnce(parameters)
  const { values } = parameters
  const responseType = values.get('response_type')
  if (responseType === undefined) throw invalidRequest('The parameter response_type is required.')
  if (responseType !== 'code') throw new AuthorizationError('unsupported_response_type', 'response_type must be code.')
  if ((values.get('response_mode') ?? 'query') !== 'query') throw invalidRequest('response_mode must be query, or omitted.')
  return { codeChallenge: readChallenge(values), requested: parseScope(values.get('scope')), prompts: readPrompts(values) }
}
