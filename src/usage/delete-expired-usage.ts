/** Drops the short intervals when nobody asks for them any more; the same use stays counted in the longer ones. */
import type { Services } from '../context/services.js'
import { forget } from '../database/queries/usage.js'
import type { UsageInterval } from '../entities/enums.js'

/** Days that rows are kept; days themselves stay for good. */
export const usageRetentionDays = { MINUTE: 7, HOUR: 90 } as const satisfies Partial<Record<UsageInterval, number>>

const day = 86_400_000
// By organization, so that the index on organization, length and start serves.

export async function deleteExpiredUsage({ journal, clock, config }: Pick<Services, 'journal' | 'clock' | 'config'>): Promise<void> {
  const now = clock().getTime()
  await journal.writeBackground(
    Object.entries(usageRetentionDays).map(([length, days]) => {
      const end = now - days * day
      return { sql: forget, parameters: [length, config.databaseUrl === undefined ? end : new Date(end).toISOString()] }
    }),
  )
}
