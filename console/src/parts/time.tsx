/** Times in the reader's zone and language, with UTC on hover. */
import { useEffect, useState } from 'react'
import type { ReactElement } from 'react'

/** The current time, updated at the given interval. */
export function useNow(intervalMs = 30_000): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), intervalMs)
    return () => clearInterval(timer)
  }, [intervalMs])
  return now
}

const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const dateOnly = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' })
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })

const units: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
]

/** Such as "3 hours ago" or "in 12 days". */
export function formatRelative(time: number, now: number): string {
  const seconds = Math.round((time - now) / 1000)
  for (const [unit, length] of units) if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit)
  return relative.format(seconds, 'second')
}

/** Such as "4:12": minutes and seconds, for countdowns. */
export function formatCountdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/** RFC 3339 without fractions, such as `2026-05-01 12:00 UTC`. */
const formatUtc = (at: string): string => `${at.slice(0, 16).replace('T', ' ')} UTC`

interface TimeProps {
  /** RFC 3339; null shows `missing`. */
  readonly at: string | null
  readonly missing?: string
}

/** Relative time, with the exact time on hover. */
export function Ago({ at, missing = 'Never' }: TimeProps): ReactElement {
  const now = useNow()
  if (at === null) return <span className="muted">{missing}</span>
  return (
    <time dateTime={at} title={`${absolute.format(new Date(at))} · ${formatUtc(at)}`}>
      {formatRelative(Date.parse(at), now)}
    </time>
  )
}

/** Exact time in the reader's zone, with UTC on hover. */
export function Moment({ at, missing = 'Never' }: TimeProps): ReactElement {
  if (at === null) return <span className="muted">{missing}</span>
  return (
    <time dateTime={at} title={formatUtc(at)}>
      {absolute.format(new Date(at))}
    </time>
  )
}

/** Calendar day in UTC, for times that have no finer resolution. */
export function Day({ at, missing = 'Never' }: TimeProps): ReactElement {
  if (at === null) return <span className="muted">{missing}</span>
  return (
    <time dateTime={at} title={formatUtc(at)}>
      {dateOnly.format(new Date(at))}
    </time>
  )
}
