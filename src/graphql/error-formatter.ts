/** Formats every GraphQL error that leaves the process: a code of the closed list, and a message without values. */
import { GraphQLError, type GraphQLFormattedError, type GraphQLSchema, type OperationDefinitionNode } from 'graphql'
import type { Logger } from 'pino'

import { isUnavailable, isInvalidValue, unavailableError, invalidValueError } from '../database/database-errors.js'
import { requestErrorDescriptions, type RequestErrorCode } from '../lib/error-codes.js'
import { DomainError, internalErrorMessage, RequestError } from '../lib/errors.js'
import { redactCredentials } from '../lib/secret.js'
import { toPublicMessage, redactUnknownWords, redactValues } from './redact-messages.js'
import { describeVariableErrors } from './variable-errors.js'

/** Errors of a response, with its HTTP status and headers. */
export interface FormattedErrors {
  readonly errors: readonly GraphQLFormattedError[]
  readonly codes: readonly string[]
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
}

/** The request that the errors belong to. */
export interface ErrorContext {
  readonly requestId: string
  readonly operation?: OperationDefinitionNode
  readonly variables?: Readonly<Record<string, unknown>>
}

const tooManyTokensMessage = 'The document has too many tokens. Send a shorter document.'
const unfitVariablesMessage = 'The variables do not match their types in the operation.'

const isKnown = (code: unknown): code is RequestErrorCode => typeof code === 'string' && Object.hasOwn(requestErrorDescriptions, code)

function originalError(error: unknown): unknown {
  let origin = error
  while (origin instanceof GraphQLError && origin.originalError) origin = origin.originalError
  return origin
}

const isOurs = (origin: unknown): origin is DomainError | RequestError => origin instanceof DomainError || origin instanceof RequestError

/** Execution error of graphql-js: a nullable variable is null for a non-null argument. */
const isMissingArgument = (origin: unknown): boolean => origin instanceof GraphQLError && origin.message.startsWith('Argument "')

/** Code of an error that Apollo Server or a plugin raised before the execution: its own when known, else by its HTTP status. */
function refusalCode({ extensions: { code, http } }: GraphQLError): RequestErrorCode {
  if (isKnown(code)) return code
  const status: unknown = http instanceof Object ? Reflect.get(http, 'status') : undefined
  return typeof status === 'number' && status < 500 ? 'BAD_REQUEST' : 'INTERNAL_SERVER_ERROR'
}

function errorCode(error: GraphQLError, origin: unknown, defaultCode: RequestErrorCode): RequestErrorCode {
  if (isInvalidValue(origin)) return 'BAD_USER_INPUT'
  if (isUnavailable(origin)) return 'UNAVAILABLE'
  // Apollo Server wraps parsing and validation errors, and sets the code on the wrapper.
  const knownCode = (origin instanceof GraphQLError ? origin : error).extensions['code']
  if (isKnown(knownCode)) return knownCode
  if (defaultCode === 'GRAPHQL_PARSE_FAILED' && error.message.startsWith('Syntax Error: Document contains more'))
    return 'OPERATION_TOO_COMPLEX'
  return defaultCode === 'INTERNAL_SERVER_ERROR' && isMissingArgument(origin) ? 'BAD_USER_INPUT' : defaultCode
}

export class ErrorFormatter {
  constructor(
    private readonly schema: GraphQLSchema,
    private readonly log: Logger,
    /** Introspection is disabled, so messages do not name parts of the schema. */
    private readonly isSchemaHidden: boolean,
  ) {}

  /** Formats errors before the execution: of parsing, validation, Apollo Server or a plugin. */
  formatRequestErrors(errors: readonly GraphQLError[], context: ErrorContext, status = 400): FormattedErrors {
    const formatted = errors.map((error) => this.#formatError(error, refusalCode(error)))
    for (const [i, { extensions }] of formatted.entries()) this.#log(extensions?.['code'], originalError(errors[i]), context)
    const excess = formatted.find((error) => error.extensions?.['code'] === 'OPERATION_TOO_COMPLEX')
    // The limits rule reports its error repeatedly, and graphql-js adds its own "too many errors".
    return this.#toResponse(excess ? [excess] : formatted, errors, context, status)
  }

  /** Formats errors of variable coercion, by path and type: the messages of graphql-js contain values. */
  formatVariableErrors(errors: readonly GraphQLError[], context: ErrorContext): FormattedErrors {
    const ours = errors.filter((error) => isOurs(originalError(error))).map((error) => this.#formatError(error, 'BAD_USER_INPUT'))
    const described = context.operation
      ? describeVariableErrors(this.schema, context.operation, context.variables ?? {}, this.isSchemaHidden)
      : []
    const messages = described.length > 0 ? described : [unfitVariablesMessage]
    const theirs = messages.map((message) => ({
      message: redactUnknownWords(this.schema, message),
      extensions: { code: 'BAD_USER_INPUT' },
    }))
    return this.#toResponse([...ours, ...(ours.length === errors.length ? [] : theirs)], errors, context, 400)
  }

  /** Formats errors of the execution. */
  formatExecutionErrors(errors: readonly GraphQLError[], context: ErrorContext): FormattedErrors {
    const formatted = errors.map((error) => this.#formatError(error, 'INTERNAL_SERVER_ERROR'))
    for (const [i, { extensions }] of formatted.entries()) this.#log(extensions?.['code'], originalError(errors[i]), context)
    return this.#toResponse(formatted, errors, context, 200)
  }

  #log(code: unknown, err: unknown, { requestId }: ErrorContext): void {
    if (code === 'INTERNAL_SERVER_ERROR') this.log.error({ err, requestId }, 'request failed')
    if (code === 'UNAVAILABLE') this.log.warn({ err, requestId }, 'database unavailable')
  }

  #formatError(error: GraphQLError, defaultCode: RequestErrorCode): GraphQLFormattedError {
    const origin = originalError(error)
    const code = errorCode(error, origin, defaultCode)
    const { locations, path } = error
    return {
      message: this.#messageOf(error, origin, code),
      ...(locations ? { locations } : {}),
      ...(path ? { path } : {}),
      extensions: { code },
    }
  }

  #messageOf({ message }: GraphQLError, origin: unknown, code: RequestErrorCode): string {
    if (isInvalidValue(origin)) return invalidValueError(origin).message
    if (isUnavailable(origin)) return unavailableError(origin).message
    if (code === 'INTERNAL_SERVER_ERROR') return internalErrorMessage
    if (message.startsWith('Syntax Error: Document contains more')) return tooManyTokensMessage
    const redacted = redactCredentials(redactValues(code, toPublicMessage(message)))
    return isOurs(origin) ? redacted : redactUnknownWords(this.schema, redacted)
  }

  #toResponse(
    errors: readonly GraphQLFormattedError[],
    originals: readonly GraphQLError[],
    { requestId }: ErrorContext,
    defaultStatus: number,
  ): FormattedErrors {
    let status = defaultStatus
    const headers: Record<string, string> = {}
    for (const origin of originals.map(originalError)) {
      // QUERY_TIMEOUT is a partial failure: the other fields of the response are valid.
      if (!(origin instanceof RequestError) || origin.code === 'QUERY_TIMEOUT') continue
      status = origin.status
      Object.assign(headers, origin.headers)
    }
    const codes = [...new Set(errors.map((error) => String(error.extensions?.['code'])))]
    if (codes.includes('UNAVAILABLE')) {
      status = 503
      headers['retry-after'] = '1'
    }
    return { status, headers, codes, errors: errors.map((error) => ({ ...error, extensions: { ...error.extensions, requestId } })) }
  }
}
