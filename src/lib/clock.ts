/** The only place where the time of day is read; everything else is handed a {@link Clock}. */
export type Clock = () => Date

export const systemClock: Clock = () => new Date()

/** Whole seconds since 1970, as JWT claims count them (RFC 7519 §2, NumericDate). */
export const epochSeconds = (at: Date): number => Math.floor(at.getTime() / 1000)

export const addSeconds = (at: Date, seconds: number): Date => new Date(at.getTime() + seconds * 1000)

/** Milliseconds that only grow, whatever happens to the time of day: for durations. */
export const monotonicMs = (): number => performance.now()

/** Starts a measurement; what it answers are the seconds since, whatever happens to the time of day meanwhile. */
export function startTimer(): () => number {
  const began = monotonicMs()
  return () => (monotonicMs() - began) / 1000
}
