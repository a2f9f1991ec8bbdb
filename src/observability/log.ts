/** The log: one JSON object a line on stdout. */
import { destination, pino, type Logger } from 'pino'

import { systemClock } from '../lib/clock.js'
import { loggedError } from './log-error.js'

/** Milliseconds that a line may wait for others, and characters that are written at the latest. */
const maxWaitMs = 200
const maxWaitingLines = 32_000
/** Bytes that are kept while they cannot be written. */
const maxBufferedBytes = 1_000_000

/** A write for each line costs as much as looking a key up, so they are written together: in a moment, and at the end. */
function bufferedStdout(): { write(line: string): void } {
  const stdout = destination({ sync: true, maxLength: maxBufferedBytes })
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
      // A full disk or a reader that is gone: what cannot be told anybody must not end the server. It is kept for the next time.
    }
  }
  setInterval(flush, maxWaitMs).unref()
  process.once('exit', flush)
  return {
    write(line) {
      lines.push(line)
      size += line.length
      if (size >= maxWaitingLines) flush()
    },
  }
}

/** Written once a millisecond. */
function timeOfLine(): () => string {
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

/** Of every logger: pino's own serializer copies all properties of an error. */
export const serializers = { err: (error: unknown) => loggedError(error) }

/** For people to read too: levels by name, times as times. */
export const newLogger = (level: string): Logger =>
  pino({ level, base: null, timestamp: timeOfLine(), formatters: { level: (label) => ({ level: label }) }, serializers }, bufferedStdout())
