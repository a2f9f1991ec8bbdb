/** Public API: the client, its errors, and a function for every operation. */
export { createClient } from './client.js'
export type { CallOptions, Client, ClientOptions } from './client.js'
export { ApiError, KeyhouseError, UserErrorsError } from './errors.js'
export type { AnswerError, ApiErrorCode, UserErrorEntry } from './errors.js'
export type { Operation, MutationResult } from './operation.js'
export * from './generated/operations.js'
export type * from './generated/types.js'
