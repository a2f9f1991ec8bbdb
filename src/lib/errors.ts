/**
 * Errors that may leave the process: each has a stable code and a public message.
 * Details and causes go to the log only. `graphql/error-formatter.ts` masks every other error.
 */

export const userErrorCodes = [
  'INVALID',
  'NOT_FOUND',
  'CONFLICT',
  'INVALID_STATE',
  'FORBIDDEN',
  'PERMISSION_NOT_HELD',
  'PRODUCTION_NOT_SUPPORTED',
  'ENVIRONMENT_MISMATCH',
  'ALREADY_REVEALED',
  'LIMIT_EXCEEDED',
  'URL_NOT_ALLOWED',
  'IDEMPOTENCY_CONFLICT',
] as const
export type UserErrorCode = (typeof userErrorCodes)[number]

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
export const conflict = domainErrorFactory('CONFLICT')
export const invalidState = domainErrorFactory('INVALID_STATE')
export const forbidden = domainErrorFactory('FORBIDDEN')
export const permissionNotHeld = domainErrorFactory('PERMISSION_NOT_HELD')
export const productionNotSupported = domainErrorFactory('PRODUCTION_NOT_SUPPORTED')
export const environmentMismatch = domainErrorFactory('ENVIRONMENT_MISMATCH')
export const idempotencyConflict = domainErrorFactory('IDEMPOTENCY_CONFLICT')
export const limitExceeded = domainErrorFactory('LIMIT_EXCEEDED')
export const alreadyRevealed = domainErrorFactory('ALREADY_REVEALED')

/** HTTP status by the code of a refused request. */
export const requestErrorStatus = {
  UNAUTHENTICATED: 401,
  CREDENTIAL_REVOKED: 403,
  CREDENTIAL_SUSPENDED: 403,
  BAD_REQUEST: 400,
  BAD_USER_INPUT: 400,
  FORBIDDEN: 200,
  RATE_LIMITED: 429,
  CONCURRENCY_LIMITED: 429,
  QUERY_TIMEOUT: 503,
  UNAVAILABLE: 503,
  PERSISTED_QUERY_NOT_FOUND: 200,
  PAYLOAD_TOO_LARGE: 413,
  REQUEST_TIMEOUT: 408,
  OPERATION_TOO_COMPLEX: 400,
  GRAPHQL_PARSE_FAILED: 400,
  GRAPHQL_VALIDATION_FAILED: 400,
  INTERNAL_SERVER_ERROR: 500,
} as const
export type RequestErrorCode = keyof typeof requestErrorStatus

/** Refusal of a whole request, independent of its operation. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly status: number

  constructor(
    readonly code: RequestErrorCode,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
    /** `status` overrides the status of the code where HTTP defines a more specific one. */
    { status = requestErrorStatus[code], ...options }: ErrorOptions & { status?: number } = {},
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

/** Refusal of every credential of a suspended organization. */
export const organizationSuspended = (): RequestError =>
  new RequestError('CREDENTIAL_SUSPENDED', 'This organization is suspended. Ask the operator of this server to resume it.')

/**
 * Malformed or unknown credential; both have the same message, so the answer does not reveal which.
 * The only refusal that is rate-limited by client address (http/rate-limits.ts).
 */
export class UnknownCredentialError extends RequestError {
  constructor() {
    const { code, message, headers } = unauthenticated('This credential is not valid.')
    super(code, message, headers)
  }
}

export const missingCredential = (): RequestError =>
  unauthenticated('This needs a credential: send "Authorization: Bearer <API key or token>".', false)

export const badUserInput = (message: string): RequestError => new RequestError('BAD_USER_INPUT', message)
