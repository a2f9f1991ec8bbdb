/**
 * Errors that may leave the process: each has a stable code and a public message.
 * Details and causes go to the log only. `graphql/error-formatter.ts` masks every other error.
 */
import { requestErrorDescriptions, type RequestErrorCode, type UserErrorCode } from './error-codes.js'

export interface UserErrorDetail {
  readonly code: UserErrorCode
  readonly message: string
  readonly path: readonly string[] | null
}

/** Refusal of one operation: `userErrors` in a mutation, a top-level error in a query. */
export class DomainError extends Error {
  override readonly name = 'DomainError'
  readonly code: UserErrorCode

  constructor(
    readonly userErrors: readonly [UserErrorDetail, ...UserErrorDetail[]],
    options?: ErrorOptions,
  ) {
    super(userErrors[0].message, options)
    this.code = userErrors[0].code
  }

  /** Extensions that graphql-js copies into the error of a query. */
  get extensions(): object {
    return { code: this.code === 'FORBIDDEN' ? 'FORBIDDEN' : 'BAD_USER_INPUT' }
  }
}

const domainErrorFactory =
  (code: UserErrorCode) =>
  (message: string, path: readonly string[] | null = null, options?: ErrorOptions): DomainError =>
    new DomainError([{ code, message, path }], options)

export const invalid = domainErrorFactory('INVALID')
export const notFound = domainErrorFactory('NOT_FOUND')
/** The same whether another tenant has an object with this id or nobody has. @param type name of the object's type in sentences */
export const objectNotFoundMessage = (type: string): string =>
  `No ${type} with this id is visible to the caller. Check the id, and the project and environment of your credential.`
export const objectNotFound = (type: string, path: readonly string[] | null = null): DomainError =>
  notFound(objectNotFoundMessage(type), path)
export const conflict = domainErrorFactory('CONFLICT')
export const invalidState = domainErrorFactory('INVALID_STATE')
export const forbidden = domainErrorFactory('FORBIDDEN')
export const permissionNotHeld = domainErrorFactory('PERMISSION_NOT_HELD')
export const productionNotSupported = domainErrorFactory('PRODUCTION_NOT_SUPPORTED')
export const environmentMismatch = domainErrorFactory('ENVIRONMENT_MISMATCH')
export const idempotencyConflict = domainErrorFactory('IDEMPOTENCY_CONFLICT')
export const limitExceeded = domainErrorFactory('LIMIT_EXCEEDED')
export const oauthNotConfigured = (): DomainError =>
  new DomainError([
    {
      code: 'OAUTH_NOT_CONFIGURED',
      message: 'The project and environment of the MCP server have no OAuth configuration. Set one with setOAuthConfiguration.',
      path: null,
    },
  ])
export const oauthUnavailable = domainErrorFactory('OAUTH_UNAVAILABLE')
export const oauthClientRequired = domainErrorFactory('OAUTH_CLIENT_REQUIRED')
export const alreadyRevealed = domainErrorFactory('ALREADY_REVEALED')

/** Refusal of a whole request, independent of its operation. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly status: number

  constructor(
    readonly code: RequestErrorCode,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
    /** `status` overrides the status of the code where HTTP defines a more specific one. */
    { status = requestErrorDescriptions[code].status, ...options }: ErrorOptions & { status?: number } = {},
  ) {
    super(message, options)
    this.status = status
  }

  /** Extensions that graphql-js copies into the error of a resolver. */
  get extensions(): object {
    return { code: this.code }
  }
}

/** RFC 6750 §3: the challenge names an error only if the request presented a credential. */
export const unauthenticated = (message: string, presented = true): RequestError =>
  new RequestError('UNAUTHENTICATED', message, {
    'www-authenticate': presented
      ? `Bearer realm="keyhouse", error="invalid_token", error_description="${message}"`
      : 'Bearer realm="keyhouse"',
  })

/** Refusal of a suspended API key and of the access tokens exchanged from it. */
export const apiKeySuspended = (): RequestError =>
  new RequestError('CREDENTIAL_SUSPENDED', 'This API key is suspended. Ask someone who may resume it (resumeApiKey), or use another key.')

/** Refusal of every credential of a suspended organization. */
export const organizationSuspended = (): RequestError =>
  new RequestError('CREDENTIAL_SUSPENDED', 'The organization is suspended. Ask the operator of this server to resume it.')

/**
 * Malformed or unknown credential; both have the same message, so the answer does not reveal which.
 * The only refusal that is rate-limited by client address (http/rate-limits.ts).
 */
export class UnknownCredentialError extends RequestError {
  constructor(text = 'The credential is not valid. Check that it is complete and was issued by this server.') {
    const { code, message, headers } = unauthenticated(text)
    super(code, message, headers)
  }
}

export const missingCredential = (): RequestError =>
  unauthenticated('A credential is required. Send "Authorization: Bearer <API key or token>".', false)

export const badUserInput = (message: string): RequestError => new RequestError('BAD_USER_INPUT', message)

/** Text of every unexpected error: the cause goes to the log only. */
export const internalErrorMessage = 'Internal server error. Report the request id to the operator of this server.'
