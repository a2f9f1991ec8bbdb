/** Describes the error of a command in one sentence for the user. */
import { ConfigError } from '../config/config.js'
import { DatabaseRefusedError, isCertificateRejected, isTlsMissing, isUnavailable } from '../database/database-errors.js'
import { DomainError, RequestError } from '../lib/errors.js'
import { CommandError } from './command-error.js'

/** SQLSTATE class 28 (invalid authorization), 3D000 (no such database), 42501 (insufficient privilege). */
const accessDeniedState = /^(28\w{3}|3D000|42501)$/

/** These messages name hosts, users and databases, never a password. */
const describeReason = (error: unknown): string => {
  const origin = error instanceof RequestError ? error.cause : error
  return origin instanceof Error ? origin.message || String(Reflect.get(origin, 'code')) : 'no reason given'
}

/** Undefined for an unexpected error, which the caller prints with its stack. */
export function describeError(error: unknown): string | undefined {
  if (error instanceof CommandError || error instanceof ConfigError || error instanceof DatabaseRefusedError) return error.message
  if (error instanceof DomainError) return error.userErrors.map(({ message }) => message).join('\n')
  const code = String(Reflect.get(Object(error), 'code'))
  const isListening = Reflect.get(Object(error), 'syscall') === 'listen'
  if (isListening && code === 'EADDRINUSE') return `Port ${Reflect.get(Object(error), 'port')} is in use. Set PORT to another port.`
  if (isListening) return `The server cannot listen (${describeReason(error)}). Check HOST and PORT.`
  if (Reflect.get(Object(error), 'syscall') === 'getaddrinfo')
    return `The host name cannot be resolved (${describeReason(error)}). Check HOST and DATABASE_URL.`
  if (isTlsMissing(error)) return 'The database server does not offer TLS. Enable TLS there, or remove sslmode from DATABASE_URL.'
  if (isCertificateRejected(error))
    return `The certificate of the database server is not accepted (${describeReason(error)}). Check the host, sslmode and sslrootcert of DATABASE_URL.`
  if (isUnavailable(error))
    return `The database is unavailable (${describeReason(error)}). Check DATABASE_URL, and that the database server is running.`
  if (accessDeniedState.test(code))
    return `The database refuses the connection (${describeReason(error)}). Check the user, password and database in DATABASE_URL.`
  if (/^E(ACCES|PERM|ROFS|NOTDIR|EXIST)$/.test(code))
    return `The data directory cannot be used (${describeReason(error)}). Check KEYHOUSE_DATA_DIR and its permissions.`
  return undefined
}
