/** Tells a database that is away (try again later) from a fault of ours. */
import { RequestError } from '../errors.js'

/** Node's socket errors; SQLSTATE classes 08 (connection), 53 (resources), 57 (operator intervention), 55P03 (lock not available). */
const codes =
  /^(E(CONN(REFUSED|RESET|ABORTED)|TIMEDOUT|PIPE|HOSTUNREACH|NETUNREACH|AI_AGAIN|NOTFOUND)|08\w{3}|53\w{3}|57\w{3}|55P03|SQLITE_(BUSY|FULL|IOERR|CANTOPEN|READONLY|NOTADB)\w*)$/
const texts =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Query read timeout|Client was closed and is not queryable|database is locked/i

export function isUnavailable(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause) {
    const code: unknown = Reflect.get(one, 'code')
    if ((typeof code === 'string' && codes.test(code)) || texts.test(one.message)) return true
    if (one instanceof AggregateError && one.errors.some(isUnavailable)) return true
  }
  return false
}

/** The one kind of error that names a culprit within a group: SQLSTATE class 23, and SQLite's name for it. */
export const isConstraint = (error: unknown): boolean => /^(23|SQLITE_CONSTRAINT)/.test(String(Reflect.get(Object(error), 'code')))

export const unavailable = (cause: unknown): RequestError =>
  new RequestError('UNAVAILABLE', 'The database cannot be reached at the moment. Try again shortly.', { 'retry-after': '1' }, { cause })
