/** Errors of the OAuth endpoints: the codes of RFC 6749 §5.2 and RFC 8693 §2.2.2, each with its HTTP status. */
import type { ErrorDescription } from '../lib/error-codes.js'

/** `docs/errors.md` is generated from this table. */
export const oauthErrors = {
  invalid_request: {
    status: 400,
    cause: 'A parameter is missing, malformed or sent twice, or a token in the request is not valid.',
    remedy: 'Correct the parameter that `error_description` names.',
  },
  invalid_client: {
    status: 401,
    cause: 'The client is not known to the issuer, or its secret is not valid.',
    remedy: 'Send the id of an API key of this issuer and its secret, or the id of a registered client.',
  },
  invalid_grant: {
    status: 400,
    cause: 'The code or refresh token is unknown, expired, used or revoked, or belongs to another client.',
    remedy: 'Start a new authorization.',
  },
  unauthorized_client: {
    status: 400,
    cause: 'The client is authenticated, and may not do this.',
    remedy: '`error_description` names the missing permission, or a client that may.',
  },
  unsupported_grant_type: {
    status: 400,
    cause: 'The value of `grant_type` is not supported.',
    remedy: 'Use one of `grant_types_supported` in the metadata of the issuer.',
  },
  invalid_scope: {
    status: 400,
    cause: 'The scope is malformed, or exceeds what the client or its subject token holds.',
    remedy: 'Ask for permissions that the API key and the subject token hold, separated by spaces.',
  },
  invalid_target: {
    status: 400,
    cause: 'The audience or resource is missing, malformed, or not allowed for the client.',
    remedy: 'Send one `resource` or `audience` that the API key allows.',
  },
  invalid_redirect_uri: {
    status: 400,
    cause: 'A redirect URI in the metadata of a client is not allowed (RFC 7591 §3.2.2).',
    remedy: 'Register https URIs, http on a loopback host, or private-use schemes.',
  },
  invalid_client_metadata: {
    status: 400,
    cause: 'The metadata of a client is malformed or too large (RFC 7591 §3.2.2).',
    remedy: 'Correct the member that `error_description` names.',
  },
  temporarily_unavailable: {
    status: 503,
    cause: 'A rate limit is exceeded (status 429), or the server cannot complete the request at the moment (503).',
    remedy: 'Retry after the seconds in the Retry-After header.',
  },
  server_error: {
    status: 500,
    cause: 'Unexpected error. The details are in the log of the server, under the id in the X-Request-Id header.',
    remedy: 'Report that id to the operator of the server.',
  },
} as const satisfies Record<string, ErrorDescription & { readonly status: number }>
export type OAuthErrorCode = keyof typeof oauthErrors

/** Refusal of a request to an OAuth endpoint. */
export class OAuthError extends Error {
  override readonly name = 'OAuthError'
  readonly status: number

  constructor(
    readonly code: OAuthErrorCode,
    /** `error_description`: printable ASCII without quotation marks and backslashes (RFC 6749 §5.2). */
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
    { status = oauthErrors[code].status, ...options }: ErrorOptions & { status?: number } = {},
  ) {
    super(message, options)
    this.status = status
  }
}
