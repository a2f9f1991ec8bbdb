/** Deletes usage rows past their retention. The same usage remains in the longer intervals. */
import type { Services } from '../context/services.js'
import { deleteExpired } from '../database/queries/usage.js'
import type { UsageInterval } from '../entities/enums.js'

/** Retention in days. DAY rows are kept forever. */
export const usageRetentionDays = { MINUTE: 7, HOUR: 90 } as const satisfies Partial<Record<UsageInterval, number>>

const dayMs = 86_400_000

export async function deleteExpiredUsage({ journal, clock, config }: Pick<Services, 'journal' | 'clock' | 'config'>): Promise<void> {
  const now = clock().getTime()
  await journal.writeBackground(
    Object.entries(usageRetentionDays).map(([interval, days]) => {
      const cutoff = now - days * dayMs
      return { sql: deleteExpired, parameters: [interval, config.databaseUrl === undefined ? cutoff : new Date(cutoff).toISOString()] }
    }),
  )
}
