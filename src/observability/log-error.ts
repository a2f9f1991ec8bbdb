/** Log format of errors: class, code and stack frames, without messages and properties that may contain peer data. */

export interface LoggedError {
  readonly type: string
  readonly code?: string | number
  readonly message?: string
  readonly stack?: string
  readonly cause?: LoggedError
}

/** Maximum length of a chain of causes, which also ends a cycle. */
const maxDepth = 5

const isCode = (code: unknown): code is string | number => typeof code === 'number' || (typeof code === 'string' && /^\w{1,64}$/.test(code))

/** Duck typing: better-sqlite3's errors are not native, and errors of another realm inherit from another `Error`. */
const isError = (value: unknown): value is Error =>
  typeof value === 'object' && value !== null && 'stack' in value && 'message' in value && typeof value.message === 'string'

/** Frames of a stack trace, read after the message, so that no line of the message counts as a frame. */
function stackFrames({ message, stack }: Error): string {
  if (typeof stack !== 'string') return ''
  const at = stack.indexOf(message)
  if (at === -1) return ''
  const lines = stack.slice(at + message.length).split('\n')
  return lines.filter((line) => line.startsWith('    at ')).join('\n')
}

/**
 * Converts an error for the log. Messages of errors with a code and of SyntaxErrors are left out, and those of their causes.
 * Errors of sockets, HTTP parsers, TLS and databases have a code. Their messages or properties may contain peer data
 * (undici's `HTTPParserError.data`, Node's `rawPacket`). A SyntaxError quotes its input.
 */
export function serializeError(error: unknown, depth = 1, isOfPeer = false): LoggedError {
  if (!isError(error)) return { type: typeof error }
  const code: unknown = Reflect.get(error, 'code')
  const hidesMessage = isOfPeer || code !== undefined || error.name === 'SyntaxError'
  const stack = stackFrames(error)
  return {
    type: (Reflect.get(error, 'constructor') as { name?: string } | undefined)?.name ?? 'Error',
    ...(isCode(code) ? { code } : {}),
    ...(hidesMessage ? {} : { message: error.message }),
    ...(stack === '' ? {} : { stack }),
    ...(error.cause === undefined || depth === maxDepth ? {} : { cause: serializeError(error.cause, depth + 1, hidesMessage) }),
  }
}
