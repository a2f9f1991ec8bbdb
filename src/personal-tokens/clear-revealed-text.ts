/**
 * Wipes the texts of tokens whose window has closed, even if nobody asks. It belongs to the deployment: logged, not chained.
 * Any number of processes may do it at once, since wiping twice is wiping once.
 */
import type { Services } from '../context/services.js'
import type { BackgroundStatement } from '../journal/journal.js'

/** Milliseconds. */
export const sweepsEvery = 1000

const isDue = {
  name: 'closed_windows',
  sql: 'select id from personal_token where sealed_text is not null and visible_until <= ? limit 1',
}
const wipe = 'update personal_token set sealed_text = null where sealed_text is not null and visible_until <= ?'

/** Asks first, so that a quiet server writes nothing. */
async function sweep({ config, clock, journal, queryRunner, log }: Services): Promise<void> {
  try {
    const now = clock()
    const until = config.databaseUrl === undefined ? now.getTime() : now.toISOString()
    if (!(await queryRunner.read(isDue, [until]))) return
    const statement: BackgroundStatement = { sql: wipe, parameters: [until] }
    await journal.writeBackground([statement])
    log.debug('closed windows were wiped')
  } catch (error) {
    log.warn({ err: error }, 'closed windows could not be wiped; the next sweep tries again')
  }
}

/** Sweeps now, for what closed while nobody was there, and from then on. The answer ends it, after the sweep under way. */
export function startRevealWindowCleanup(app: Services): () => Promise<void> {
  let flight = sweep(app)
  const timer = setInterval(() => {
    flight = flight.then(() => sweep(app))
  }, sweepsEvery)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await flight
  }
}
