/** The system clock: the only reader of the time of day. Other modules take a {@link Clock} as an argument. */
export type Clock = () => Date

export const systemClock: Clock = () => new Date()

/** Whole seconds since 1970: the NumericDate of JWT claims (RFC 7519 §2). */
export const epochSeconds = (at: Date): number => Math.floor(at.getTime() / 1000)

export const addSeconds = (at: Date, seconds: number): Date => new Date(at.getTime() + seconds * 1000)

/** Monotonic milliseconds for durations, unaffected by changes of the system time. */
export const monotonicMs = (): number => performance.now()

/** Starts a monotonic timer. The returned function gives the elapsed seconds. */
export function startTimer(): () => number {
  const startedAt = monotonicMs()
  return () => (monotonicMs() - startedAt) / 1000
}
