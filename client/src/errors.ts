/** Error classes of a call: user errors of a mutation (`UserErrorsError`), or a failed request (`ApiError`). */
import type { UserErrorCode } from './generated/types.js'

/** Base class with the operation's name and the request id. */
export abstract class KeyhouseError extends Error {
  /** The first error code. Branch on this, never on the message. */
  abstract readonly code: string

  constructor(
    message: string,
    /** Name of the operation, such as `createApiKey`. */
    readonly operation: string,
    /** Id under which the server logged the request; null if there was no response. */
    readonly requestId: string | null,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** One user error of a mutation. */
export interface UserErrorEntry {
  readonly code: UserErrorCode
  /** Human-readable message. */
  readonly message: string
  /** Path of the invalid input field, such as `['input', 'label']`; null if no field is at fault. */
  readonly path: readonly string[] | null
}

/** A mutation that the server refused with user errors. Nothing was changed. */
export class UserErrorsError extends KeyhouseError {
  override readonly name = 'UserErrorsError'

  constructor(
    operation: string,
    requestId: string | null,
    /** All user errors; at least one. */
    readonly errors: readonly [UserErrorEntry, ...UserErrorEntry[]],
  ) {
    super(`${operation} was refused. ${errors.map(({ message }) => message).join(' ')}`, operation, requestId)
  }

  get code(): UserErrorCode {
    return this.errors[0].code
  }
}

/** A top-level error of the GraphQL response. */
export interface AnswerError {
  readonly message: string
  readonly path?: readonly (string | number)[]
  readonly extensions?: Readonly<Record<string, unknown>>
}

/** The server's error codes and two of the client: NETWORK_ERROR (no response) and UNEXPECTED_ANSWER (not a Keyhouse response). */
export type ApiErrorCode =
  | 'UNAUTHENTICATED'
  | 'CREDENTIAL_REVOKED'
  | 'CREDENTIAL_SUSPENDED'
  | 'ADDRESS_NOT_ALLOWED'
  | 'BAD_REQUEST'
  | 'BAD_USER_INPUT'
  | 'FORBIDDEN'
  | 'RATE_LIMITED'
  | 'CONCURRENCY_LIMITED'
  | 'QUERY_TIMEOUT'
  | 'UNAVAILABLE'
  | 'PERSISTED_QUERY_NOT_FOUND'
  | 'PAYLOAD_TOO_LARGE'
  | 'REQUEST_TIMEOUT'
  | 'OPERATION_TOO_COMPLEX'
  | 'GRAPHQL_PARSE_FAILED'
  | 'GRAPHQL_VALIDATION_FAILED'
  | 'INTERNAL_SERVER_ERROR'
  | 'NETWORK_ERROR'
  | 'UNEXPECTED_ANSWER'

/** A request that failed as a whole: missing or invalid credential, rate limit, server error, or no response. */
export class ApiError extends KeyhouseError {
  override readonly name = 'ApiError'

  constructor(
    message: string,
    operation: string,
    requestId: string | null,
    /** Error code. */
    readonly code: ApiErrorCode,
    /** HTTP status; 0 if there was no response. */
    readonly status: number,
    /** The server's Retry-After in milliseconds; null if it sent none. */
    readonly retryAfterMs: number | null,
    /** All top-level errors of the response. */
    readonly errors: readonly AnswerError[] = [],
    options?: ErrorOptions,
  ) {
    super(message, operation, requestId, options)
  }
}
