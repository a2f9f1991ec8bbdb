/** Deletes browser sessions that expired a day ago. Until then a sign-in request that was used stays used. */
import { BrowserSession } from '../../entities/browser-session.js'
import { deleteRows, type MaintenanceDeps } from '../../journal/maintain-rows.js'
import { addSeconds, type Clock } from '../../lib/clock.js'

const retentionSeconds = 86_400

export const deleteExpiredSessions = (deps: MaintenanceDeps & { readonly clock: Clock }): Promise<number> =>
  deleteRows(deps, BrowserSession, { expiresAt: { $lte: addSeconds(deps.clock(), -retentionSeconds) } })
