/** Throttles signature verification for addresses that send invalid signatures. */
import { FixedWindowLimiter, type WindowLimit } from '../lib/fixed-window.js'
import { toRateLimitSubnet } from '../lib/network/address.js'

/** Invalid signatures per minute of one address, or one IPv6 /64, before its verifications are queued. */
export const maxFailedSignatures = 100
/** Verification rate of one address while queued. */
export const queuedVerificationsPerSecond = 50

/** Maximum addresses with invalid signatures that are tracked. */
const maxAddresses = 10_000

interface Waiter {
  readonly start: (isConnected: boolean) => void
  readonly isDisconnected: () => boolean
}

/** Queues, never rejects: a valid token from a throttled address is still verified. */
export class VerificationQueue {
  readonly #limits: readonly WindowLimit[] = [{ window: 'MINUTE', max: maxFailedSignatures }]
  readonly #failures = new FixedWindowLimiter(maxAddresses)
  readonly #waiting = new Map<string, Set<Waiter>>()

  /** Counts an invalid signature. */
  recordFailure(address: string, now: Date): void {
    this.#failures.consume(toRateLimitSubnet(address), this.#limits, now.getTime())
  }

  /** Resolves when a signature may be verified; with false if the client has disconnected by then. */
  async waitForTurn(address: string, now: Date, isDisconnected: () => boolean): Promise<boolean> {
    const subnet = toRateLimitSubnet(address)
    if (this.#failures.hasRoom(subnet, this.#limits, now.getTime())) return true
    const waiting = this.#waiting.get(subnet)
    if (waiting) return new Promise((start) => waiting.add({ start, isDisconnected }))
    this.#open(subnet)
    return true
  }

  /** Keeps the queue for one interval after its last verification, so that the next one cannot exceed the rate. */
  #open(subnet: string): void {
    const waiting = new Set<Waiter>()
    this.#waiting.set(subnet, waiting)
    const timer = setInterval(() => {
      for (const waiter of waiting) {
        waiting.delete(waiter)
        const isConnected = !waiter.isDisconnected()
        waiter.start(isConnected)
        // Disconnected clients do not use up the rate.
        if (isConnected) return
      }
      clearInterval(timer)
      this.#waiting.delete(subnet)
    }, 1000 / queuedVerificationsPerSecond)
  }
}
