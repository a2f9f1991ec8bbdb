/**
 * Clears the revealable text of personal tokens when their reveal window closes, with no request needed. Each run is logged and
 * leaves no audit event. Several processes may run it at once: the update is idempotent.
 */
import type { Services } from '../context/services.js'
import { PersonalToken } from '../entities/personal-token.js'
import { updateRows } from '../journal/maintain-rows.js'

export async function clearRevealedText(services: Services): Promise<void> {
  const closed = { sealedText: { $ne: null }, visibleUntil: { $lte: services.clock() } }
  if (await updateRows(services, PersonalToken, closed, { sealedText: null })) services.log.debug('expired reveal windows cleared')
}
