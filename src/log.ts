/** The log: one JSON object a line on stdout. */
import { destination, pino, stdTimeFunctions, type Logger } from 'pino'

/** Milliseconds that a line of the log may wait for others. */
const logDelay = 200

/** For people to read too: levels by name, times as times. */
export function newLogger(level: string): Logger {
  // A write for each line costs as much as looking a key up; what is held back is written in a moment, and at the end.
  const stdout = destination({ minLength: 16_000, sync: false })
  setInterval(() => stdout.flush(), logDelay).unref()
  return pino({ level, base: null, timestamp: stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } }, stdout)
}
