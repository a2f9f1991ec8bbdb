/** The one place that decides what leaves the process as an error: a code of the closed list, and a text without values. */
import { GraphQLError, type GraphQLFormattedError, type GraphQLSchema, type OperationDefinitionNode } from 'graphql'
import type { Logger } from 'pino'

import { isUnavailable, isInvalidValue, unavailable, invalidValue } from '../database/database-errors.js'
import { DomainError, RequestError, requestErrorStatus, type RequestErrorCode } from '../lib/errors.js'
import { redactCredentials } from '../lib/secret.js'
import { clearerText, redactUnknownWords, redactValues } from './redact-messages.js'
import { inputFaults } from './variable-errors.js'

/** What is told, and how. */
export interface FormattedErrors {
  readonly errors: readonly GraphQLFormattedError[]
  readonly codes: readonly string[]
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
}

/** What was asked when the errors arose. */
export interface ErrorContext {
  readonly requestId: string
  readonly operation?: OperationDefinitionNode
  readonly variables?: Readonly<Record<string, unknown>>
}

const isKnown = (code: unknown): code is RequestErrorCode => typeof code === 'string' && code in requestErrorStatus

function originalError(error: unknown): unknown {
  let origin = error
  while (origin instanceof GraphQLError && origin.originalError) origin = origin.originalError
  return origin
}

const isOurs = (origin: unknown): origin is DomainError | RequestError => origin instanceof DomainError || origin instanceof RequestError

/** graphql-js' own of an execution: a variable that may be null in a place that may not. */
const isMissingArgument = (origin: unknown): boolean => origin instanceof GraphQLError && origin.message.startsWith('Argument "')

/** Of an error that Apollo Server or a plugin raised before the execution: its own code if it is of ours, else by its status. */
function refusalCode({ extensions: { code, http } }: GraphQLError): RequestErrorCode {
  if (isKnown(code)) return code
  const status: unknown = http instanceof Object ? Reflect.get(http, 'status') : undefined
  return typeof status === 'number' && status < 500 ? 'BAD_REQUEST' : 'INTERNAL_SERVER_ERROR'
}

function errorCode(error: GraphQLError, origin: unknown, usual: RequestErrorCode): RequestErrorCode {
  if (isInvalidValue(origin)) return 'BAD_USER_INPUT'
  if (isUnavailable(origin)) return 'UNAVAILABLE'
  // Apollo Server wraps errors of parsing and validation, with a code of its own.
  const own = (origin instanceof GraphQLError ? origin : error).extensions['code']
  if (isKnown(own)) return own
  if (usual === 'GRAPHQL_PARSE_FAILED' && error.message.startsWith('Syntax Error: Document contains more')) return 'OPERATION_TOO_COMPLEX'
  return usual === 'INTERNAL_SERVER_ERROR' && isMissingArgument(origin) ? 'BAD_USER_INPUT' : usual
}

export class ErrorFormatter {
  constructor(
    private readonly schema: GraphQLSchema,
    private readonly log: Logger,
    /** Introspection is off. */
    private readonly isSchemaHidden: boolean,
  ) {}

  /** Of an operation that was not executed: the document, what Apollo Server or a plugin refused. */
  refused(errors: readonly GraphQLError[], asked: ErrorContext, status = 400): FormattedErrors {
    const told = errors.map((error) => this.#formatted(error, refusalCode(error)))
    for (const [i, { extensions }] of told.entries()) this.#log(extensions?.['code'], originalError(errors[i]), asked)
    const excess = told.find((error) => error.extensions?.['code'] === 'OPERATION_TOO_COMPLEX')
    // A limit is reported until graphql-js gives up, which it says too.
    return this.#told(excess ? [excess] : told, errors, asked, status)
  }

  /** Of variables that did not fit, which graphql-js reports one by one and with their values: told all at once, by path and type. */
  unfitVariables(errors: readonly GraphQLError[], asked: ErrorContext): FormattedErrors {
    const ours = errors.filter((error) => isOurs(originalError(error))).map((error) => this.#formatted(error, 'BAD_USER_INPUT'))
    const faults = asked.operation ? inputFaults(this.schema, asked.operation, asked.variables ?? {}, this.isSchemaHidden) : []
    const messages = faults.length > 0 ? faults : ['The variables do not fit the operation.']
    const theirs = messages.map((message) => ({
      message: redactUnknownWords(this.schema, message),
      extensions: { code: 'BAD_USER_INPUT' },
    }))
    return this.#told([...ours, ...(ours.length === errors.length ? [] : theirs)], errors, asked, 400)
  }

  /** Of an operation that was executed. */
  failed(errors: readonly GraphQLError[], asked: ErrorContext): FormattedErrors {
    const told = errors.map((error) => this.#formatted(error, 'INTERNAL_SERVER_ERROR'))
    for (const [i, { extensions }] of told.entries()) this.#log(extensions?.['code'], originalError(errors[i]), asked)
    return this.#told(told, errors, asked, 200)
  }

  #log(code: unknown, err: unknown, { requestId }: ErrorContext): void {
    if (code === 'INTERNAL_SERVER_ERROR') this.log.error({ err, requestId }, 'a request failed')
    if (code === 'UNAVAILABLE') this.log.warn({ err, requestId }, 'the database is away')
  }

  #formatted(error: GraphQLError, usual: RequestErrorCode): GraphQLFormattedError {
    const origin = originalError(error)
    const code = errorCode(error, origin, usual)
    const { locations, path } = error
    return {
      message: this.#messageOf(error, origin, code),
      ...(locations ? { locations } : {}),
      ...(path ? { path } : {}),
      extensions: { code },
    }
  }

  #messageOf({ message }: GraphQLError, origin: unknown, code: RequestErrorCode): string {
    if (isInvalidValue(origin)) return invalidValue(origin).message
    if (isUnavailable(origin)) return unavailable(origin).message
    if (code === 'INTERNAL_SERVER_ERROR') return 'Something went wrong on our side.'
    if (message.startsWith('Syntax Error: Document contains more')) return 'This document has too many tokens.'
    const told = redactCredentials(redactValues(code, clearerText(message)))
    return isOurs(origin) ? told : redactUnknownWords(this.schema, told)
  }

  #told(
    errors: readonly GraphQLFormattedError[],
    originals: readonly GraphQLError[],
    { requestId }: ErrorContext,
    usual: number,
  ): FormattedErrors {
    let status = usual
    const headers: Record<string, string> = {}
    for (const origin of originals.map(originalError)) {
      // The other fields of an answer with a query that timed out are good.
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
