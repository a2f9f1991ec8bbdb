/** What can go wrong with an outbound request, in the words of the contract. */
import { errors } from 'undici'

const messages = {
  CONNECTION_FAILED: 'The server could not be reached, or the connection broke.',
  TLS_FAILED: 'No secure connection could be made: the certificate is not trusted, or the server does not speak TLS.',
  TIMEOUT: 'The server did not answer in time.',
  URL_NOT_ALLOWED: 'The address behind this URL is one that may not be reached from here.',
  PROTOCOL_ERROR: 'The server did not answer as the protocol demands.',
} as const
export type OutboundCode = keyof typeof messages

/** Its message is a constant: an answer from elsewhere may hold anything. */
export class OutboundError extends Error {
  override readonly name = 'OutboundError'

  constructor(
    readonly code: OutboundCode,
    options?: ErrorOptions,
  ) {
    super(messages[code], options)
  }
}

/** OpenSSL's and Node's own words for a handshake or a certificate that failed. */
const tlsCodes =
  /^(ERR_(TLS|SSL|OSSL)_|EPROTO$|CERT_|CRL_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERROR_IN_CERT|INVALID_(CA|PURPOSE)|HOSTNAME_MISMATCH|PATH_LENGTH)/

/** An answer that is not HTTP, or not whole. */
const protocolErrors = [errors.HTTPParserError, errors.HeadersOverflowError, errors.ResponseContentLengthMismatchError]
/** What undici says of a protocol that nobody asked for (RFC 9110 §15.2.2), and of "100 Continue" to who did not wait for it. */
const unasked: ReadonlySet<unknown> = new Set(['bad upgrade', 'bad response'])

/** What became of a request, in the words of the contract. */
export function toOutboundError(error: unknown, signal: AbortSignal): OutboundError {
  if (error instanceof OutboundError) return error
  if (signal.aborted) return new OutboundError('TIMEOUT', { cause: error })
  return new OutboundError(toOutboundCode(error), { cause: error })
}

function toOutboundCode(error: unknown): OutboundCode {
  const { code, message } = Object(error) as Partial<NodeJS.ErrnoException>
  if (tlsCodes.test(String(code))) return 'TLS_FAILED'
  if (error instanceof errors.ConnectTimeoutError) return 'TIMEOUT'
  return protocolErrors.some((kind) => error instanceof kind) || unasked.has(message) ? 'PROTOCOL_ERROR' : 'CONNECTION_FAILED'
}
