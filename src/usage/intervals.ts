/** Usage intervals, aligned to the full minute, hour or day in UTC. */
import type { UsageInterval } from '../entities/enums.js'

/** Milliseconds. */
export const intervalLengthMs: Readonly<Record<UsageInterval, number>> = { MINUTE: 60_000, HOUR: 3_600_000, DAY: 86_400_000 }

export const intervalStart = (at: Date, interval: UsageInterval): Date =>
  new Date(Math.floor(at.getTime() / intervalLengthMs[interval]) * intervalLengthMs[interval])
