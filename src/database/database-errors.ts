/** Classification of database errors: unavailable (retry later), invalid value (caller's mistake), or internal. */
import { invalid, RequestError, type DomainError } from '../lib/errors.js'

/**
 * Node's socket errors; SQLSTATE classes 08 (connection), 53 (resources), 57 (operator intervention), 25006
 * (this server is a standby now), 40001 and 40P01 (serialization, deadlock), 55P03 (lock not available).
 */
const unavailableCodes =
  /^(E(CONN(REFUSED|RESET|ABORTED)|TIMEDOUT|PIPE|HOSTUNREACH|NETUNREACH|AI_AGAIN|NOTFOUND)|08\w{3}|53\w{3}|57\w{3}|25006|40001|40P01|55P03|SQLITE_(BUSY|FULL|IOERR|CANTOPEN|READONLY|NOTADB)\w*)$/
const unavailableMessages =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed and is not queryable|Query read timeout|database is locked/i

/** This process must not use the database. The message tells the operator why, and the remedy. */
export class DatabaseRefusedError extends Error {
  override readonly name = 'DatabaseRefusedError'
}

/** SQLSTATE: out of range (22003, 22008), invalid time (22007), NUL or a lone surrogate (22021, 22P02, 22P05). */
const invalidValueCodes = /^22(003|007|008|021|P02|P05)$/

/** An error and its chain of causes. `thrownValue` counts as one: graphql-js wraps errors of another realm in it. */
function* listCauses(error: unknown): Generator<Readonly<Record<string, unknown>>> {
  for (let current = error; typeof current === 'object' && current !== null;) {
    const { cause, thrownValue } = current as Record<string, unknown>
    yield current as Record<string, unknown>
    current = cause ?? thrownValue
  }
}

/** Node's and OpenSSL's codes of a certificate that is not accepted. */
const certificateCodes = /^(CERT_\w+|\w*SELF_SIGNED_CERT\w*|UNABLE_TO_(GET|VERIFY)_\w+|ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/
/** The message of pg, which has no code. */
const noTlsMessage = /server does not support SSL connections/

/** The certificate of the database server is not accepted. */
export function isCertificateRejected(error: unknown): boolean {
  for (const { code } of listCauses(error)) if (typeof code === 'string' && certificateCodes.test(code)) return true
  return false
}

/** The connection needs TLS, which the database server does not offer. */
export function isTlsMissing(error: unknown): boolean {
  for (const { message } of listCauses(error)) if (typeof message === 'string' && noTlsMessage.test(message)) return true
  return false
}

/** True if the error, one of its causes or one of its aggregated errors means that the database is unavailable. */
export function isUnavailable(error: unknown): boolean {
  if (isCertificateRejected(error) || isTlsMissing(error)) return true
  for (const { code, message, errors } of listCauses(error)) {
    if (typeof code === 'string' && unavailableCodes.test(code)) return true
    if (typeof message === 'string' && unavailableMessages.test(message)) return true
    if (Array.isArray(errors) && errors.some(isUnavailable)) return true
  }
  return false
}

/** Returns an error that already says so unchanged, so that the log and the commands show it once, with its cause. */
export const unavailableError = (cause: unknown): RequestError =>
  cause instanceof RequestError && cause.code === 'UNAVAILABLE'
    ? cause
    : new RequestError(
        'UNAVAILABLE',
        'The database is unavailable. Retry after the time in Retry-After.',
        { 'retry-after': '1' },
        { cause },
      )

/** True if PostgreSQL rejected a value that the validation had accepted. */
export function isInvalidValue(error: unknown): boolean {
  for (const { code } of listCauses(error)) if (typeof code === 'string' && invalidValueCodes.test(code)) return true
  return false
}

export const invalidValueError = (cause: unknown): DomainError =>
  invalid('A value is out of range. Strings must be well-formed Unicode without NUL, and numbers and times within their range.', null, {
    cause,
  })

/** Converts a database error for the caller; any other error is returned unchanged. */
export function toPublicError(error: unknown): unknown {
  if (isInvalidValue(error)) return invalidValueError(error)
  return isUnavailable(error) ? unavailableError(error) : error
}
