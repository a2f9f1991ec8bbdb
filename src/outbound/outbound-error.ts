/** Errors of outbound requests, with codes of the public schema and constant messages. */
import { errors } from 'undici'

const messages = {
  CONNECTION_FAILED: 'The server could not be reached, or the connection broke. Check "serverUrl" and the server.',
  TLS_FAILED: 'The TLS handshake failed: the certificate is not trusted, or the server does not speak TLS.',
  TIMEOUT: 'The server did not respond in time.',
  URL_NOT_ALLOWED: 'The URL resolves to an address that is not allowed. Add the host to KEYHOUSE_OUTBOUND_ALLOW to allow it.',
  PROTOCOL_ERROR: 'The response of the server violates the protocol, or is too large.',
} as const
export type OutboundCode = keyof typeof messages

/** Failed outbound request. The message is constant, since a server's response may contain anything. */
export class OutboundError extends Error {
  override readonly name = 'OutboundError'

  constructor(
    readonly code: OutboundCode,
    options?: ErrorOptions,
  ) {
    super(messages[code], options)
  }
}

/** Error codes of OpenSSL and Node for a failed handshake or certificate. */
const tlsCodes =
  /^(ERR_(TLS|SSL|OSSL)_|EPROTO$|CERT_|CRL_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERROR_IN_CERT|INVALID_(CA|PURPOSE)|HOSTNAME_MISMATCH|PATH_LENGTH)/

/** Errors of undici for a response that is not valid HTTP or is incomplete. */
const protocolErrors = [errors.HTTPParserError, errors.HeadersOverflowError, errors.ResponseContentLengthMismatchError]
/** Messages of undici for an upgrade without a request for it (RFC 9110 §15.2.2) and for an unexpected "100 Continue". */
const unexpectedResponses: ReadonlySet<unknown> = new Set(['bad upgrade', 'bad response'])

/** Maps an error of undici or Node to an outbound error; an aborted signal is a timeout. */
export function toOutboundError(error: unknown, signal: AbortSignal): OutboundError {
  if (error instanceof OutboundError) return error
  if (signal.aborted) return new OutboundError('TIMEOUT', { cause: error })
  return new OutboundError(toOutboundCode(error), { cause: error })
}

function toOutboundCode(error: unknown): OutboundCode {
  const { code, message } = Object(error) as Partial<NodeJS.ErrnoException>
  if (tlsCodes.test(String(code))) return 'TLS_FAILED'
  if (error instanceof errors.ConnectTimeoutError) return 'TIMEOUT'
  return protocolErrors.some((kind) => error instanceof kind) || unexpectedResponses.has(message) ? 'PROTOCOL_ERROR' : 'CONNECTION_FAILED'
}
