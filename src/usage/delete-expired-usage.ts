/** Deletes usage rows past their retention. The same usage remains in the longer intervals. */
import type { Services } from '../context/services.js'
import { deleteExpired } from '../database/queries/usage.js'
import type { StoredInterval } from '../entities/enums.js'

/** Retention in days. DAY rows are kept forever. */
export const usageRetentionDays = { MINUTE: 7, HOUR: 90 } as const satisfies Partial<Record<StoredInterval, number>>

const dayMs = 86_400_000

export async function deleteExpiredUsage({ journal, clock }: Pick<Services, 'journal' | 'clock'>): Promise<void> {
  const now = clock().getTime()
  const statements = Object.entries(usageRetentionDays).map(([interval, days]) => ({
    sql: deleteExpired,
    parameters: [interval, new Date(now - days * dayMs)],
  }))
  await journal.writeBackground({ statements })
}
