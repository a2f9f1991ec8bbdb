/** Runs a background job on a timer, one run at a time. */
import type { Logger } from 'pino'

export interface JobOptions {
  readonly log: Pick<Logger, 'warn'>
  /** Logged at level warn with the error and the job's name. */
  readonly failureMessage: string
  /** Milliseconds until the first run; 0 runs at once. By default the first run is one interval after the start. */
  readonly firstAfterMs?: number
}

/** Ends the timer; resolves after the run in progress. */
export type StopJob = () => Promise<void>

/** A tick during a run is skipped. A failed run is logged, and the next tick tries again. The timer keeps no process alive. */
export function every(
  name: string,
  intervalMs: number,
  job: () => Promise<void>,
  { log, failureMessage, firstAfterMs }: JobOptions,
): StopJob {
  let inProgress: Promise<void> | undefined
  const run = (): void => {
    inProgress ??= job()
      .catch((error: unknown) => log.warn({ err: error, job: name }, failureMessage))
      .finally(() => (inProgress = undefined))
  }
  if (firstAfterMs === 0) run()
  const first = firstAfterMs ? setTimeout(run, firstAfterMs).unref() : undefined
  const timer = setInterval(run, intervalMs).unref()
  return async () => {
    clearTimeout(first)
    clearInterval(timer)
    await inProgress
  }
}
