/** Errors as the log shows them: class, code and stack frames. Messages and properties that a peer may have filled stay out. */
export interface LoggedError {
  readonly type: string
  readonly code?: string | number
  readonly message?: string
  readonly stack?: string
  readonly cause?: LoggedError
}

/** Longest chain of causes that is followed; a cycle ends here too. */
const maxDepth = 5

const isCode = (code: unknown): code is string | number => typeof code === 'number' || (typeof code === 'string' && /^\w{1,64}$/.test(code))

/** By its shape: better-sqlite3's errors are no native ones, and those of another realm inherit from another `Error`. */
const isError = (value: unknown): value is Error =>
  typeof value === 'object' && value !== null && 'stack' in value && 'message' in value && typeof value.message === 'string'

/** The frames of a stack trace; only what follows the message, so that no line of the message passes for one. */
function stackFrames({ message, stack }: Error): string {
  if (typeof stack !== 'string') return ''
  const at = stack.indexOf(message)
  if (at === -1) return ''
  const lines = stack.slice(at + message.length).split('\n')
  return lines.filter((line) => line.startsWith('    at ')).join('\n')
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
  const stack = stackFrames(error)
  return {
    type: (Reflect.get(error, 'constructor') as { name?: string } | undefined)?.name ?? 'Error',
    ...(isCode(code) ? { code } : {}),
    ...(hidesMessage ? {} : { message: error.message }),
    ...(stack === '' ? {} : { stack }),
    ...(error.cause === undefined || depth === maxDepth ? {} : { cause: loggedError(error.cause, depth + 1, hidesMessage) }),
  }
}
