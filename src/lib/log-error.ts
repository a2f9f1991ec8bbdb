/** Errors as the log shows them: class, code and stack frames. Messages and properties that a peer may have filled stay out. */
import { types } from 'node:util'

export interface LoggedError {
  readonly type: string
  readonly code?: string | number
  readonly message?: string
  readonly stack?: string
  readonly cause?: LoggedError
}

/** Longest chain of causes that is followed; a cycle ends here too. */
const maxDepth = 5

const codeForm = /^\w{1,64}$/

/** better-sqlite3's errors are no native ones, and those of another realm inherit from another `Error`. */
const isError = (value: unknown): value is Error => types.isNativeError(value) || value instanceof Error

/** What follows the message in a stack trace, so that no line of the message passes for a frame. */
function framesOf({ message, stack = '' }: Error): string {
  const at = stack.indexOf(message)
  return at === -1 ? '' : stack.slice(at + message.length).trim()
}

/**
 * Errors of sockets, HTTP parsers, TLS and databases have a code, and carry bytes of the peer in their message or in
 * properties of their own (undici's `HTTPParserError.data`, Node's `rawPacket`). A SyntaxError quotes what it could not parse.
 * The cause of such an error may be the peer's too.
 */
export function loggedError(error: unknown, depth = 1, isOfPeer = false): LoggedError {
  if (!isError(error)) return { type: typeof error }
  const code: unknown = Reflect.get(error, 'code')
  const hidesMessage = isOfPeer || code !== undefined || error.name === 'SyntaxError'
  const stack = framesOf(error)
  return {
    type: error.constructor.name,
    ...(codeForm.test(String(code ?? '')) ? { code: code as string | number } : {}),
    ...(hidesMessage ? {} : { message: error.message }),
    ...(stack === '' ? {} : { stack }),
    ...(error.cause === undefined || depth === maxDepth ? {} : { cause: loggedError(error.cause, depth + 1, hidesMessage) }),
  }
}
