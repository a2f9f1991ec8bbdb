/** The background jobs of a server: expiry, signing-key rotation, retention, and daily audit checkpoints. */
import { logCheckpoints } from '../audit/checkpoint.js'
import type { Services } from '../context/services.js'
import { listOrganizationIds } from '../database/unscoped-queries.js'
import { deleteExpiredKeys } from '../journal/idempotency.js'
import { expireLapsedApprovals } from '../mcp/approvals/expire-approvals.js'
import { deleteExpiredConnections } from '../mcp/connections/delete-expired-connections.js'
import { deleteExpiredOAuthRows, wipeReplayableResponses } from '../oauth/grants/delete-expired.js'
import { deleteExpiredSessions } from '../oauth/sign-in/delete-expired-sessions.js'
import { deleteRemnants } from '../organizations/delete-remnants.js'
import { clearRevealedText } from '../personal-tokens/clear-revealed-text.js'
import { maintainSigningKeys } from '../signing-keys/maintain-signing-keys.js'
import { deleteExpiredUsage } from '../usage/delete-expired-usage.js'
import { every } from './every.js'

const secondMs = 1000
const minuteMs = 60_000
const hourMs = 3_600_000
const dayMs = 86_400_000

const retentionFailed = 'retention job failed; it will be retried'

/** Starts every job. `close` stops them in the order of the list. */
export function startJobs(services: Services): { close: () => Promise<void> } {
  const { log } = services
  const stops = [
    every('clear-revealed-text', secondMs, () => clearRevealedText(services), {
      log,
      failureMessage: 'expired reveal windows could not be cleared; the next run retries',
      // Texts whose window closed while no process ran.
      firstAfterMs: 0,
    }),
    every('wipe-replayable-responses', secondMs, () => wipeReplayableResponses(services), {
      log,
      failureMessage: 'responses to used refresh tokens could not be wiped; the next run retries',
      // Windows that closed while no process ran.
      firstAfterMs: 0,
    }),
    every('maintain-signing-keys', minuteMs, () => maintainSigningKeys(services), {
      log,
      failureMessage: 'signing key maintenance failed; retrying in a minute',
    }),
    every('expire-lapsed-approvals', secondMs, () => expireLapsedApprovals(services), {
      log,
      failureMessage: 'expired approvals could not be cleared; the next run retries',
      // Approvals that lapsed while no process ran.
      firstAfterMs: 0,
    }),
    every('retention', hourMs, createRetentionJob(services), {
      log,
      failureMessage: retentionFailed,
      // A process that crashes at its start deletes nothing.
      firstAfterMs: minuteMs,
    }),
  ]
  return {
    async close() {
      for (const stop of stops) await stop()
    },
  }
}

/** Deletes expired rows, and logs a checkpoint of every audit chain once a UTC day. A failed step does not skip the others. */
export function createRetentionJob(services: Services): () => Promise<void> {
  let lastOn: number | undefined
  const logDailyCheckpoints = async (): Promise<void> => {
    const today = Math.floor(services.clock().getTime() / dayMs)
    if (today === lastOn) return
    await logCheckpoints(services, await listOrganizationIds(services.orm))
    lastOn = today
  }
  const steps = [
    () => deleteExpiredUsage(services),
    () => deleteRemnants(services),
    () => deleteExpiredKeys(services),
    () => deleteExpiredOAuthRows(services),
    () => deleteExpiredSessions(services),
    () => deleteExpiredConnections(services),
    logDailyCheckpoints,
  ]
  return async () => {
    for (const step of steps) {
      try {
        await step()
      } catch (error) {
        services.log.warn({ err: error }, retentionFailed)
      }
    }
  }
}
