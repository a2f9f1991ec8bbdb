/** Usage intervals, aligned to the full minute, hour or day in UTC. */
import type { StoredInterval, UsageInterval } from '../entities/enums.js'
import { usageRetentionDays } from './delete-expired-usage.js'

/** Milliseconds. */
export const intervalLengthMs: Readonly<Record<StoredInterval, number>> = { MINUTE: 60_000, HOUR: 3_600_000, DAY: 86_400_000 }

export const intervalStart = (at: Date, interval: StoredInterval): Date =>
  new Date(Math.floor(at.getTime() / intervalLengthMs[interval]) * intervalLengthMs[interval])

/** Maximum intervals of one response. */
export const maxIntervals = 1440

/** Stored interval that an interval is read from. TOTAL is the sum of hours, as long as there are few and they are kept. */
export function storedInterval(interval: UsageInterval, { from, to, now }: Readonly<Record<'from' | 'to' | 'now', Date>>): StoredInterval {
  if (interval !== 'TOTAL') return interval
  const hours = (to.getTime() - intervalStart(from, 'HOUR').getTime()) / intervalLengthMs.HOUR
  const ageInDays = (now.getTime() - from.getTime()) / intervalLengthMs.DAY
  return hours <= maxIntervals && ageInDays <= usageRetentionDays.HOUR ? 'HOUR' : 'DAY'
}
