/** Failures of an OAuth exchange. They have no cause: errors of the library quote responses, which may hold tokens. */
import { LRUCache } from 'lru-cache'
import {
  AuthorizationResponseError,
  OperationProcessingError,
  ResponseBodyError,
  UnsupportedOperationError,
  WWWAuthenticateChallengeError,
} from 'oauth4webapi'

import type { Clock } from '../lib/clock.js'
import { OutboundError, type OutboundCode } from './outbound-error.js'

const messages = {
  UNREACHABLE: 'The authorization server could not be reached.',
  TIMEOUT: 'The authorization server did not respond in time.',
  RATE_LIMITED: 'The authorization server asks to wait (HTTP status 429).',
  INVALID_RESPONSE: 'The response of the authorization server violates OAuth: it is an HTTP error, no JSON, too large or incomplete.',
  URL_NOT_ALLOWED:
    'A URL of the authorization server leads to an address that is not allowed. Add the host to KEYHOUSE_OUTBOUND_ALLOW to allow it.',
  METADATA_INVALID: 'The OAuth metadata of the server is not valid.',
  NOT_SUPPORTED:
    'The server has no OAuth metadata. Set "oauth.issuer" with updateMcpServer, or store a credential with createMcpCredential.',
  CLIENT_REQUIRED: 'The authorization server accepts neither Client ID Metadata Documents nor registrations.',
  INVALID_GRANT: 'The authorization server no longer accepts the grant.',
  INVALID_CLIENT:
    'The authorization server does not accept the OAuth client. Replace the secret of a stored one with updateMcpOAuthClient.',
  REFUSED: 'The authorization server refused the request.',
} as const
export type OAuthClientErrorCode = keyof typeof messages

export class OAuthClientError extends Error {
  override readonly name = 'OAuthClientError'

  constructor(
    readonly code: OAuthClientErrorCode,
    /** What is wrong, in our own words. */
    message: string = messages[code],
    /** By the header `Retry-After`; null without one. */
    readonly retryAfterMs: number | null = null,
  ) {
    super(message)
  }
}

export const metadataInvalid = (message: string): OAuthClientError => new OAuthClientError('METADATA_INVALID', message)

/** The issuer is the input of `createMcpOAuthClient`. */
export const clientRequired = (issuer: string): OAuthClientError =>
  new OAuthClientError(
    'CLIENT_REQUIRED',
    `The authorization server "${issuer}" accepts neither Client ID Metadata Documents nor registrations. Register a client there, and store it with createMcpOAuthClient.`,
  )

/** Maximum credentials whose failures are remembered. */
const maxFailures = 10_000

/** Failures by credential. Each entry has a time to live of its own. */
export const createRenewalFailures = (clock: Clock): LRUCache<string, OAuthClientError> =>
  new LRUCache({ max: maxFailures, ttlResolution: 0, perf: { now: () => clock().getTime() } })

const outboundCodes: Readonly<Record<OutboundCode, OAuthClientErrorCode>> = {
  CONNECTION_FAILED: 'UNREACHABLE',
  TLS_FAILED: 'UNREACHABLE',
  TIMEOUT: 'TIMEOUT',
  URL_NOT_ALLOWED: 'URL_NOT_ALLOWED',
  PROTOCOL_ERROR: 'INVALID_RESPONSE',
}

const minRetryAfterMs = 1000
const maxRetryAfterMs = 3_600_000

/** `Retry-After` in seconds or as a date (RFC 9110 §10.2.3): a second to an hour. */
function readRetryAfter(headers: Headers, now: Date): number | null {
  const value = headers.get('retry-after')
  if (value === null) return null
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now.getTime()
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, minRetryAfterMs), maxRetryAfterMs)
}

/** Maps an error of the library or of the outbound client. Any other error is a fault of ours, and is returned as it is. */
export function toOAuthClientError(error: unknown, now: Date): unknown {
  if (error instanceof OutboundError) return new OAuthClientError(outboundCodes[error.code])
  if (error instanceof AuthorizationResponseError) return new OAuthClientError('REFUSED')
  if (error instanceof ResponseBodyError) return fromStatus(error.response, now) ?? fromErrorCode(error.error)
  if (error instanceof WWWAuthenticateChallengeError) return fromStatus(error.response, now) ?? new OAuthClientError('INVALID_CLIENT')
  if (error instanceof UnsupportedOperationError) return new OAuthClientError('INVALID_RESPONSE')
  if (error instanceof OperationProcessingError) {
    const { cause } = error
    return (cause instanceof Response ? fromStatus(cause, now) : undefined) ?? new OAuthClientError('INVALID_RESPONSE')
  }
  return error
}

/** 5xx and 429 tell nothing about the tokens, whatever the body says. */
function fromStatus({ status, headers }: Response, now: Date): OAuthClientError | undefined {
  if (status === 429) return new OAuthClientError('RATE_LIMITED', undefined, readRetryAfter(headers, now))
  return status >= 500 ? new OAuthClientError('INVALID_RESPONSE', undefined, readRetryAfter(headers, now)) : undefined
}

function fromErrorCode(error: string): OAuthClientError {
  // The last code of each line is GitHub's.
  if (['invalid_grant', 'bad_refresh_token'].includes(error)) return new OAuthClientError('INVALID_GRANT')
  // RFC 6749 §5.2: a client that was deleted is one of the first two, depending on the server.
  if (['invalid_client', 'unauthorized_client', 'incorrect_client_credentials'].includes(error))
    return new OAuthClientError('INVALID_CLIENT')
  return error === 'temporarily_unavailable' || error === 'server_error' ? new OAuthClientError('INVALID_RESPONSE') : refused(error)
}

/** Codes of RFC 6749 §5.2 and RFC 8707 §2 alone: any other text may hold anything. */
const refused = (error: string): OAuthClientError =>
  ['invalid_request', 'unsupported_grant_type', 'invalid_scope', 'invalid_target'].includes(error)
    ? new OAuthClientError('REFUSED', `The authorization server refused the request: ${error}.`)
    : new OAuthClientError('REFUSED')
