/**
 * Clears the revealable text of personal tokens when their reveal window closes, with no request needed. Each run is logged and
 * leaves no audit event. Several processes may run it at once: the update is idempotent.
 */
import type { Services } from '../context/services.js'
import type { BackgroundStatement } from '../journal/journal.js'

const isDue = {
  name: 'closed_windows',
  sql: 'select id from personal_token where sealed_text is not null and visible_until <= ? limit 1',
}
const clearExpired = 'update personal_token set sealed_text = null where sealed_text is not null and visible_until <= ?'

/** Reads first, so that an idle server writes nothing. */
export async function clearRevealedText({ config, clock, journal, queryRunner, log }: Services): Promise<void> {
  const now = clock()
  const until = config.databaseUrl === undefined ? now.getTime() : now.toISOString()
  if (!(await queryRunner.read(isDue, [until]))) return
  const statement: BackgroundStatement = { sql: clearExpired, parameters: [until] }
  await journal.writeBackground([statement])
  log.debug('closed windows were wiped')
}
