/** What can go wrong with a call, as classes: refused by a rule (`UserErrorsError`), or not answered as asked (`ApiError`). */
import type { UserErrorCode } from './generated/types.js'

/** Common to both: which operation, and the id under which the server logged the request. */
export abstract class KeyhouseError extends Error {
  /** The first of its codes; decide by this, never by the message. */
  abstract readonly code: string

  constructor(
    message: string,
    /** The operation that was called: `createApiKey`. */
    readonly operation: string,
    /** For a report to whoever runs the server; null when nothing was answered. */
    readonly requestId: string | null,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** One reason for a refusal. */
export interface UserErrorEntry {
  readonly code: UserErrorCode
  /** A sentence for a person. */
  readonly message: string
  /** Where in the input: `['input', 'label']`. */
  readonly path: readonly string[] | null
}

/** The server understood, and refused: nothing was changed. */
export class UserErrorsError extends KeyhouseError {
  override readonly name = 'UserErrorsError'

  constructor(
    operation: string,
    requestId: string | null,
    /** Every reason, with code and path; never empty. */
    readonly errors: readonly [UserErrorEntry, ...UserErrorEntry[]],
  ) {
    super(`${operation} was refused. ${errors.map(({ message }) => message).join(' ')}`, operation, requestId)
  }

  get code(): UserErrorCode {
    return this.errors[0].code
  }
}

/** A top-level error of the answer. */
export interface AnswerError {
  readonly message: string
  readonly path?: readonly (string | number)[]
  readonly extensions?: Readonly<Record<string, unknown>>
}

/** The server's codes, and two of the client's own: no answer, and an answer that is not GraphQL's. */
export type ApiErrorCode =
  | 'UNAUTHENTICATED'
  | 'CREDENTIAL_REVOKED'
  | 'CREDENTIAL_SUSPENDED'
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

/** The request failed as a whole: no or a bad credential, a limit, a fault of the server, or no answer at all. */
export class ApiError extends KeyhouseError {
  override readonly name = 'ApiError'

  constructor(
    message: string,
    operation: string,
    requestId: string | null,
    /** Why. */
    readonly code: ApiErrorCode,
    /** The HTTP status; 0 when there was no answer. */
    readonly status: number,
    /** After how many milliseconds the server said to try again; null when it did not say. */
    readonly retryAfterMs: number | null,
    /** All that the answer named. */
    readonly errors: readonly AnswerError[] = [],
    options?: ErrorOptions,
  ) {
    super(message, operation, requestId, options)
  }
}
