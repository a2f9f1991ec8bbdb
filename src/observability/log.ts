/** Logger: one JSON object a line on stdout. */
import { destination, pino, stdTimeFunctions, type Logger } from 'pino'

import { serializeError } from './log-error.js'

/** Maximum bytes that are kept while stdout cannot be written. */
const maxUnwrittenBytes = 1_000_000

/**
 * Stdout, buffered by sonic-boom: a write for each line would double the cost of a line.
 * sonic-boom measures its whole buffer at each line, so larger buffers cost more than they save.
 */
function bufferedStdout(): { write(line: string): void } {
  const stdout = destination({ sync: true, minLength: 4096, periodicFlush: 200, maxLength: maxUnwrittenBytes })
  // A full disk or a closed pipe must not end the server. The text is kept for the next write.
  stdout.on('error', () => undefined)
  process.once('exit', () => stdout.end())
  // Only `write`: pino calls `flushSync` after a fatal line, which on a full disk retries for ever.
  return { write: (line) => void stdout.write(line) }
}

/** Serializers of every logger: pino's default one copies all properties of an error. */
export const serializers = { err: (error: unknown) => serializeError(error) }

/** Creates the logger, with level names and ISO 8601 times. */
export const createLogger = (level: string): Logger =>
  pino(
    { level, base: null, timestamp: stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) }, serializers },
    bufferedStdout(),
  )
