/** Error responses outside GraphQL execution, as JSON; also for connections whose request could not be parsed. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import type { FastifyError } from 'fastify'

import { isUnavailable, unavailableError } from '../database/database-errors.js'
import type { RequestErrorCode } from '../lib/error-codes.js'
import { internalErrorMessage, RequestError } from '../lib/errors.js'

/** Maximum size of a request body, in bytes. */
export const maxBodyBytes = 100_000

/** Error codes of Fastify, and of Node for a body that never arrived. */
const codes: Readonly<Record<string, readonly [code: keyof typeof messages, status?: number]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['PAYLOAD_TOO_LARGE'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['BAD_REQUEST', 415],
  FST_ERR_MAX_PARAM_LENGTH: ['BAD_REQUEST', 414],
  ECONNRESET: ['BAD_REQUEST'],
  ERR_STREAM_PREMATURE_CLOSE: ['BAD_REQUEST'],
}

const messages = {
  PAYLOAD_TOO_LARGE: `The request body must have at most ${maxBodyBytes} bytes.`,
  REQUEST_TIMEOUT: 'The request did not arrive in time. Send it again.',
  BAD_REQUEST: 'The request body cannot be read. Send a JSON body in UTF-8 with "Content-Type: application/json".',
  INTERNAL_SERVER_ERROR: internalErrorMessage,
} as const

export interface ErrorResponse {
  readonly code: RequestErrorCode
  readonly message: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
}

export function toErrorResponse(error: unknown): ErrorResponse {
  if (error instanceof RequestError) {
    const { code, message, headers } = error
    return { code, message, headers, status: code === 'FORBIDDEN' ? 403 : error.status }
  }
  if (isUnavailable(error) && !isClientAbort(error)) return toErrorResponse(unavailableError(error))
  const { code, statusCode } = error as Partial<FastifyError>
  const isClientError = error instanceof SyntaxError || (statusCode !== undefined && statusCode < 500)
  const [known, status] = codes[String(code)] ?? [isClientError ? 'BAD_REQUEST' : 'INTERNAL_SERVER_ERROR']
  const { status: defaultStatus } = new RequestError(known, '')
  return { code: known, message: messages[known], status: status ?? defaultStatus, headers: {} }
}

/** The client disconnected while its body was read. A database's ECONNRESET has an error class of its own around it. */
export const isClientAbort = (error: unknown): boolean =>
  error instanceof Error && Reflect.get(error, 'code') === 'ECONNRESET' && error.message === 'aborted'

export const errorBody = ({ code, message }: Pick<ErrorResponse, 'code' | 'message'>, requestId: string): object => ({
  errors: [{ message, extensions: { code, requestId } }],
})

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Content Too Large',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
}

/** Maps an error of Node's HTTP parser: malformed request, or timeout. */
export function toParserError({ code }: NodeJS.ErrnoException): ErrorResponse {
  const response = (errorCode: keyof typeof messages, status: number): ErrorResponse => ({
    code: errorCode,
    message: messages[errorCode],
    status,
    headers: {},
  })
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return response('REQUEST_TIMEOUT', 408)
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return response('PAYLOAD_TOO_LARGE', 413)
  if (code === 'HPE_HEADER_OVERFLOW')
    return { ...response('BAD_REQUEST', 431), message: 'The request headers are too large. Send fewer or shorter headers.' }
  return { ...response('BAD_REQUEST', 400), message: 'The request is not valid HTTP/1.1.' }
}

const responseHeaders = (requestId: string, text: string): Record<string, string | number> => ({
  'content-type': 'application/json; charset=utf-8',
  'content-length': Buffer.byteLength(text),
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-request-id': requestId,
  connection: 'close',
})

/** Milliseconds from the error response until the connection is destroyed, unless the client closes it first. */
const lingerMs = 1000

/** Writes an error response where Node gives only a socket, and closes it. */
export function writeErrorToSocket(socket: Socket, error: ErrorResponse, requestId: string): void {
  // A client would read more bytes as part of the response that is already in progress.
  const isResponding = Boolean(Reflect.get(Object(Reflect.get(socket, '_httpMessage')), 'headersSent'))
  if (!socket.writable || isResponding) return void socket.destroy()
  const text = JSON.stringify(errorBody(error, requestId))
  const lines = Object.entries(responseHeaders(requestId, text)).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${error.status} ${reasons[error.status] ?? ''}\r\n${lines.join('')}\r\n${text}`)
  // A client that never closes its side would hold the descriptor forever.
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  socket.once('close', () => clearTimeout(timer))
}

/** Answers 417: only `100-continue` is a known expectation (RFC 9110 §10.1.1). */
export function rejectExpectation(_request: IncomingMessage, response: ServerResponse, requestId: string): void {
  const text = JSON.stringify(
    errorBody({ code: 'BAD_REQUEST', message: 'The Expect header has an unsupported value. Omit it, or send "100-continue".' }, requestId),
  )
  response.writeHead(417, responseHeaders(requestId, text)).end(text)
}
