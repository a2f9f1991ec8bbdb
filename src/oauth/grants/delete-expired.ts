/** Deletes codes and refresh tokens that no longer prove anything, and wipes responses that can no longer be repeated. */
import type { Services } from '../../context/services.js'
import { OAuthCode } from '../../entities/oauth-code.js'
import { OAuthRefreshToken } from '../../entities/oauth-refresh-token.js'
import { deleteRows, updateRows } from '../../journal/maintain-rows.js'
import { addSeconds } from '../../lib/clock.js'

type Deps = Pick<Services, 'orm' | 'journal' | 'clock'>

/** A used code that comes again within this time after its expiry still revokes its grant. */
const codeRetentionSeconds = 3600

export async function deleteExpiredOAuthRows(deps: Deps): Promise<void> {
  const now = deps.clock()
  await deleteRows(deps, OAuthCode, { expiresAt: { $lte: addSeconds(now, -codeRetentionSeconds) } })
  await deleteRows(deps, OAuthRefreshToken, { expiresAt: { $lte: now } })
}

/** Several processes may run it at once: the update is idempotent. */
export async function wipeReplayableResponses(deps: Deps): Promise<void> {
  const closed = { sealedSuccessor: { $ne: null }, replayUntil: { $lte: deps.clock() } }
  await updateRows(deps, OAuthRefreshToken, closed, { sealedSuccessor: null })
}
