/** Maps errors to responses of the OAuth endpoints: JSON with `error` and `error_description` (RFC 6749 §5.2). */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import type { Services } from '../context/services.js'
import { isClientAbort, toErrorResponse } from '../http/error-response.js'
import type { RequestErrorCode, UserErrorCode } from '../lib/error-codes.js'
import { DomainError, RequestError, UnknownCredentialError } from '../lib/errors.js'
import { OAuthError, type OAuthErrorCode } from '../oauth/oauth-error.js'
import { maxFormBytes } from './form.js'

/** Refusals of verbs. Other codes say that the client may not do what it asks for. */
const userErrorCodes: Partial<Record<UserErrorCode, OAuthErrorCode>> = {
  NOT_FOUND: 'invalid_request',
  INVALID_STATE: 'invalid_grant',
  PERMISSION_NOT_HELD: 'invalid_scope',
  URL_NOT_ALLOWED: 'invalid_target',
}

/** Refusals of a whole request. A client whose key is revoked, suspended or used elsewhere is not authenticated. */
const requestErrorCodes: Partial<Record<RequestErrorCode, OAuthErrorCode>> = {
  UNAUTHENTICATED: 'invalid_client',
  CREDENTIAL_REVOKED: 'invalid_client',
  CREDENTIAL_SUSPENDED: 'invalid_client',
  ADDRESS_NOT_ALLOWED: 'invalid_client',
  FORBIDDEN: 'unauthorized_client',
  RATE_LIMITED: 'temporarily_unavailable',
  CONCURRENCY_LIMITED: 'temporarily_unavailable',
  UNAVAILABLE: 'temporarily_unavailable',
  QUERY_TIMEOUT: 'temporarily_unavailable',
  INTERNAL_SERVER_ERROR: 'server_error',
}

/** Argument of a verb, and the parameter that carries it with the code for an invalid value. */
const parameters: Readonly<Record<string, readonly [parameter: string, code: OAuthErrorCode]>> = {
  audience: ['audience', 'invalid_target'],
  permissions: ['scope', 'invalid_scope'],
  externalUserId: ['subject_token', 'invalid_request'],
  subjectToken: ['subject_token', 'invalid_request'],
  actorToken: ['actor_token', 'invalid_request'],
}

/** `error_description` has neither quotation marks nor backslashes (RFC 6749 §5.2). */
const toDescription = (message: string): string => message.replaceAll('"', '').replaceAll(/[^\x20-\x21\x23-\x5B\x5D-\x7E]/g, '?')

function fromDomainError({ code, message, userErrors: [{ path }] }: DomainError): OAuthError {
  const argument = path?.[1]
  const [, invalidCode] = parameters[argument ?? ''] ?? []
  const text = message.replaceAll(/"(\w+)(\.\d+)?"/g, (_, name: string) => parameters[name]?.[0] ?? name)
  // The subject is at fault, not the client.
  const isSubject = code === 'FORBIDDEN' && argument === 'externalUserId'
  const mapped = code === 'INVALID' || isSubject ? (invalidCode ?? 'invalid_request') : (userErrorCodes[code] ?? 'unauthorized_client')
  return new OAuthError(mapped, toDescription(text))
}

/** Both schemes of a client secret; without an Authorization header, too (RFC 9110 §15.5.2). */
const challenge = { 'www-authenticate': 'Basic realm="keyhouse", charset="UTF-8"' }

export function toOAuthError(error: unknown): OAuthError {
  if (error instanceof OAuthError) return error
  if (error instanceof DomainError) return fromDomainError(error)
  const { code, message, status, headers } = toErrorResponse(error)
  if (status === 413)
    // The rest of the form stays unread, so the connection cannot be reused.
    return new OAuthError('invalid_request', `The form must have at most ${maxFormBytes} bytes.`, { connection: 'close' }, { status })
  if (status === 415)
    return new OAuthError('invalid_request', 'Send a form with Content-Type: application/x-www-form-urlencoded.', {}, { status: 400 })
  const mapped = requestErrorCodes[code] ?? 'invalid_request'
  if (error instanceof UnknownCredentialError)
    return new OAuthError(
      'invalid_client',
      'The client id or its secret is not valid. Send the id and the secret of an API key of this issuer.',
    )
  if (mapped === 'invalid_client') return new OAuthError(mapped, toDescription(message))
  // A refusal of the request itself keeps its status, such as 429.
  const isOwnStatus = mapped === 'temporarily_unavailable' && error instanceof RequestError
  return new OAuthError(mapped, toDescription(message), headers, isOwnStatus ? { status } : {})
}

/** Answers every error of this scope in the form of OAuth. */
export function registerOAuthErrors(scope: FastifyInstance, { log }: Pick<Services, 'log'>): void {
  scope.setErrorHandler((error: unknown, request: FastifyRequest, reply: FastifyReply) => {
    const refusal = toOAuthError(error)
    // The server's handler closes the connection of a client that left.
    if (isClientAbort(error)) throw error
    if (refusal.status >= 500)
      log[refusal.code === 'server_error' ? 'error' : 'warn']({ err: error, requestId: request.id }, 'request failed')
    request.state.codes = [refusal.code]
    void reply
      .code(refusal.status)
      .headers({ 'cache-control': 'no-store', ...(refusal.status === 401 ? challenge : {}), ...refusal.headers })
      .send({ error: refusal.code, error_description: refusal.message })
  })
}
