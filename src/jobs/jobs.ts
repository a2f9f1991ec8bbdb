/** What is done by the clock and not by a request: dropping what ran out, and a checkpoint of every chain once a day. */
import { logCheckpoints } from '../audit/checkpoint.js'
import type { Services } from '../context/services.js'
import { listOrganizationIds } from '../database/unscoped-queries.js'
import { deleteExpiredKeys } from '../journal/idempotency.js'
import { deleteExpiredUsage } from '../usage/delete-expired-usage.js'

/** Milliseconds between two rounds; the first is a minute after the start, which a process that crashes at once never reaches. */
const interval = 3_600_000
const afterStart = 60_000
const day = 86_400_000

/** One round; a fault in one part does not keep the others from their turn. */
export function makeRound(app: Services): () => Promise<void> {
  let lastDay: number | undefined
  const checkpoints = async (): Promise<void> => {
    const today = Math.floor(app.clock().getTime() / day)
    if (today === lastDay) return
    await logCheckpoints(app, await listOrganizationIds(app.orm))
    lastDay = today
  }
  return async () => {
    for (const part of [() => deleteExpiredUsage(app), () => deleteExpiredKeys(app), checkpoints]) {
      try {
        await part()
      } catch (error) {
        app.log.warn({ err: error }, 'a sweeper failed and will try again')
      }
    }
  }
}

export function startSweepers(app: Services): { close: () => Promise<void> } {
  const round = makeRound(app)
  let flight = Promise.resolve()
  const run = (): void => {
    flight = flight.then(round)
  }
  const first = setTimeout(run, afterStart).unref()
  const timer = setInterval(run, interval).unref()
  return {
    async close() {
      clearTimeout(first)
      clearInterval(timer)
      await flight
    },
  }
}
