/** Revokes all access tokens of a sandbox by a timestamp on its keys. The number of writes does not grow with the tokens. */
import type { EntityManager } from '@mikro-orm/core'

import { aggregateLiveTokens, incrementVersion, lockKeysAndFindLastReset, type Sandbox } from '../database/queries/sandbox-tokens.js'
import { ApiKey } from '../entities/api-key.js'
import { epochSeconds } from '../lib/clock.js'

/** Returns the number of tokens that were live. Changes no key when there are none. */
export async function revokeSandboxTokens(em: EntityManager, sandbox: Sandbox, now: Date): Promise<number> {
  const live = await aggregateLiveTokens(em, sandbox, await lockKeysAndFindLastReset(em, sandbox), now)
  if (live.count === 0) return 0
  // Cover tokens issued by a replica whose clock is ahead.
  const sandboxResetAt = new Date(Math.max(epochSeconds(now) * 1000, live.issuedAt.getTime()))
  // A new version makes concurrent exchanges check the key again.
  await em.nativeUpdate(ApiKey, sandbox, { sandboxResetAt, resetTokensExpireAt: live.expiresAt, authVersion: incrementVersion() })
  return live.count
}
