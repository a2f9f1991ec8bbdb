/**
 * Background job that erases sealed personal tokens once their reveal window has closed. It spans organizations, so it is
 * logged and has no audit event. The update is idempotent, so every process may run it.
 */
import type { Services } from '../context/services.js'
import type { BackgroundStatement } from '../journal/journal.js'

/** Milliseconds between two runs. */
export const sweepsEvery = 1000

const dueQuery = {
  name: 'closed_windows',
  sql: 'select id from personal_token where sealed_text is not null and visible_until <= ? limit 1',
}
const clearStatement = 'update personal_token set sealed_text = null where sealed_text is not null and visible_until <= ?'

/** Reads before writing, so that an idle server writes nothing. */
async function clearClosedWindows({ config, clock, journal, queryRunner, log }: Services): Promise<void> {
  try {
    const now = clock()
    const cutoff = config.databaseUrl === undefined ? now.getTime() : now.toISOString()
    if (!(await queryRunner.read(dueQuery, [cutoff]))) return
    const statement: BackgroundStatement = { sql: clearStatement, parameters: [cutoff] }
    await journal.writeBackground([statement])
    log.debug('closed windows were wiped')
  } catch (error) {
    log.warn({ err: error }, 'closed windows could not be wiped; the next sweep tries again')
  }
}

/**
 * Runs now, for windows that closed while the server was down, then periodically.
 * Returns a stop function that awaits the current run.
 */
export function startRevealWindowCleanup(services: Services): () => Promise<void> {
  let currentRun = clearClosedWindows(services)
  const timer = setInterval(() => {
    currentRun = currentRun.then(() => clearClosedWindows(services))
  }, sweepsEvery)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await currentRun
  }
}
