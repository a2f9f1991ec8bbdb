/** Logger: one JSON object a line on stdout. */
import { destination, pino, type Logger } from 'pino'

import { systemClock } from '../lib/clock.js'
import { serializeError } from './log-error.js'

/** Flush interval in milliseconds, and the number of buffered characters that causes an earlier flush. */
const flushIntervalMs = 200
const maxBufferedCharacters = 32_000
/** Maximum bytes that are kept while stdout cannot be written. */
const maxUnwrittenBytes = 1_000_000

/** Stdout with buffered lines, since a write for each line costs as much as an API key look-up. Flushes at exit too. */
function bufferedStdout(): { write(line: string): void } {
  const stdout = destination({ sync: true, maxLength: maxUnwrittenBytes })
  let lines: string[] = []
  let size = 0
  const flush = (): void => {
    if (size === 0) return
    const text = lines.join('')
    lines = []
    size = 0
    try {
      stdout.write(text)
    } catch {
      // A full disk or a closed pipe must not end the server. The destination keeps the text for its next write.
    }
  }
  setInterval(flush, flushIntervalMs).unref()
  process.once('exit', flush)
  return {
    write(line) {
      lines.push(line)
      size += line.length
      if (size >= maxBufferedCharacters) flush()
    },
  }
}

/** Timestamp of a log line, formatted once a millisecond. */
function createTimestamp(): () => string {
  let last = 0
  let text = ''
  return () => {
    const now = systemClock()
    if (now.getTime() !== last) {
      last = now.getTime()
      text = `,"time":"${now.toISOString()}"`
    }
    return text
  }
}

/** Serializers of every logger: pino's default one copies all properties of an error. */
export const serializers = { err: (error: unknown) => serializeError(error) }

/** Creates the logger, with level names and ISO 8601 times. */
export const createLogger = (level: string): Logger =>
  pino(
    { level, base: null, timestamp: createTimestamp(), formatters: { level: (label) => ({ level: label }) }, serializers },
    bufferedStdout(),
  )
