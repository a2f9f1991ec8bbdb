/** What a request that is refused before GraphQL gets to see it is told: JSON, whatever was wrong, also without a request. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import type { FastifyError } from 'fastify'

import { isUnavailable, unavailable } from '../database/database-errors.js'
import { RequestError, type RequestErrorCode } from '../lib/errors.js'

/** Bytes. */
export const maxBodyBytes = 100_000

/** What Fastify throws, and what is left of a request whose body never arrived. */
const codes: Readonly<Record<string, readonly [code: RequestErrorCode, status?: number]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['PAYLOAD_TOO_LARGE'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['BAD_REQUEST', 415],
  FST_ERR_MAX_PARAM_LENGTH: ['BAD_REQUEST', 414],
  ECONNRESET: ['BAD_REQUEST'],
  ERR_STREAM_PREMATURE_CLOSE: ['BAD_REQUEST'],
}

const messages: Partial<Record<RequestErrorCode, string>> = {
  PAYLOAD_TOO_LARGE: `The request body must have at most ${maxBodyBytes} bytes.`,
  REQUEST_TIMEOUT: 'The request took too long to arrive.',
  BAD_REQUEST: 'This request cannot be read: send a JSON body with "Content-Type: application/json", in UTF-8.',
}
const internal = 'Something went wrong on our side.'

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
  if (isUnavailable(error) && !isClientAbort(error)) return toErrorResponse(unavailable(error))
  const { code, statusCode } = error as Partial<FastifyError>
  const isTheirs = error instanceof SyntaxError || (statusCode !== undefined && statusCode < 500)
  const [known, status] = codes[String(code)] ?? [isTheirs ? 'BAD_REQUEST' : 'INTERNAL_SERVER_ERROR']
  const { status: usual } = new RequestError(known, '')
  return { code: known, message: messages[known] ?? internal, status: status ?? usual, headers: {} }
}

/** Reading the body failed because whoever sent it left; the same code from a database has a class of its own around it. */
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

/** Node's parser could make nothing of it, or waited in vain. */
export function toParserError({ code }: NodeJS.ErrnoException): ErrorResponse {
  const refusal = (known: RequestErrorCode, status: number): ErrorResponse => ({
    code: known,
    message: messages[known]!,
    status,
    headers: {},
  })
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return refusal('REQUEST_TIMEOUT', 408)
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return refusal('PAYLOAD_TOO_LARGE', 413)
  if (code === 'HPE_HEADER_OVERFLOW') return { ...refusal('BAD_REQUEST', 431), message: 'The headers of this request are too large.' }
  return { ...refusal('BAD_REQUEST', 400), message: 'This is not HTTP/1.1 as we read it.' }
}

const responseHeaders = (requestId: string, text: string): Record<string, string | number> => ({
  'content-type': 'application/json; charset=utf-8',
  'content-length': Buffer.byteLength(text),
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-request-id': requestId,
  connection: 'close',
})

/** Milliseconds from a refusal until its connection is destroyed, unless the client has closed it before. */
const refusalLinger = 1000

/** Where there is no answer object to write to, only the connection. */
export function writeErrorToSocket(socket: Socket, refusal: ErrorResponse, requestId: string): void {
  // Half an answer is under way: more words would be read as part of it.
  const isAnswering = Boolean(Reflect.get(Object(Reflect.get(socket, '_httpMessage')), 'headersSent'))
  if (!socket.writable || isAnswering) return void socket.destroy()
  const text = JSON.stringify(errorBody(refusal, requestId))
  const lines = Object.entries(responseHeaders(requestId, text)).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${refusal.status} ${reasons[refusal.status] ?? ''}\r\n${lines.join('')}\r\n${text}`)
  // A client that never closes its side would hold the descriptor for ever.
  const timer = setTimeout(() => socket.destroy(), refusalLinger)
  socket.once('close', () => clearTimeout(timer))
}

/** RFC 9110 §10.1.1: only `100-continue` can be expected. */
export function rejectExpectation(_request: IncomingMessage, response: ServerResponse, requestId: string): void {
  const text = JSON.stringify(errorBody({ code: 'BAD_REQUEST', message: 'What this request expects cannot be met.' }, requestId))
  response.writeHead(417, responseHeaders(requestId, text)).end(text)
}
