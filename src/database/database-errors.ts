/** Tells a database that is away (try again later), and a value that it cannot keep (the caller's), from a fault of ours. */
import { invalid, RequestError, type DomainError } from '../lib/errors.js'

/**
 * Node's socket errors; SQLSTATE classes 08 (connection), 53 (resources), 57 (operator intervention), 25006
 * (this server is a standby now), 40001 and 40P01 (serialization, deadlock), 55P03 (lock not available).
 */
const codes =
  /^(E(CONN(REFUSED|RESET|ABORTED)|TIMEDOUT|PIPE|HOSTUNREACH|NETUNREACH|AI_AGAIN|NOTFOUND)|08\w{3}|53\w{3}|57\w{3}|25006|40001|40P01|55P03|SQLITE_(BUSY|FULL|IOERR|CANTOPEN|READONLY|NOTADB)\w*)$/
const texts =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed and is not queryable|Query read timeout|database is locked/i

/** Out of range (22003, 22008), no such time (22007), NUL or half a surrogate pair (22021, 22P02, 22P05). */
const unkeepables = /^22(003|007|008|021|P02|P05)$/

/** An error, what caused it, and so on. Known by their shape: graphql-js wraps errors of another realm as thrown values. */
function* listCauses(error: unknown): Generator<Readonly<Record<string, unknown>>> {
  for (let one = error; typeof one === 'object' && one !== null;) {
    const { cause, thrownValue } = one as Record<string, unknown>
    yield one as Record<string, unknown>
    one = cause ?? thrownValue
  }
}

export function isUnavailable(error: unknown): boolean {
  for (const { code, message, errors } of listCauses(error)) {
    if (typeof code === 'string' && codes.test(code)) return true
    if (typeof message === 'string' && texts.test(message)) return true
    if (Array.isArray(errors) && errors.some(isUnavailable)) return true
  }
  return false
}

export const unavailable = (cause: unknown): RequestError =>
  new RequestError('UNAVAILABLE', 'The database cannot be reached at the moment. Try again shortly.', { 'retry-after': '1' }, { cause })

/** PostgreSQL refuses it, whatever the room that let it through. */
export function isInvalidValue(error: unknown): boolean {
  for (const { code } of listCauses(error)) if (typeof code === 'string' && unkeepables.test(code)) return true
  return false
}

export const invalidValue = (cause: unknown): DomainError =>
  invalid('A value cannot be kept: texts must be well-formed Unicode without NUL, numbers and times within their range.', null, { cause })

/** What to tell the caller; a fault of ours stays as it is. */
export function toPublicError(error: unknown): unknown {
  if (isInvalidValue(error)) return invalidValue(error)
  return isUnavailable(error) ? unavailable(error) : error
}
