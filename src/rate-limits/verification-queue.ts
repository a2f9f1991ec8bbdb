/**
 * Slows signature verification for addresses that send bad signatures. Nothing is refused here: a valid token of the same
 * address waits its turn and is verified.
 */
import { toRateLimitSubnet } from '../lib/address.js'
import { FixedWindowLimiter, type Limit } from '../lib/fixed-window.js'

/** Failed signatures of one address, or one /64 of IPv6, in a minute. Verifications queue after them. */
export const maxFailedSignatures = 100
/** Verifications of one address while they queue. */
export const queuedVerificationsPerSecond = 50

/** Addresses with failed signatures that are remembered. */
const maxAddresses = 10_000

interface Waiter {
  readonly start: (isPresent: boolean) => void
  readonly hasLeft: () => boolean
}

export class VerificationQueue {
  readonly #limits: readonly Limit[] = [{ window: 'MINUTE', max: maxFailedSignatures }]
  readonly #failed = new FixedWindowLimiter(maxAddresses)
  readonly #waiting = new Map<string, Set<Waiter>>()

  /** Counts a signature that did not verify. */
  failed(address: string, now: Date): void {
    this.#failed.take(toRateLimitSubnet(address), this.#limits, now.getTime())
  }

  /** Resolves when a signature may be verified, with false when the client has left by then. */
  async turn(address: string, now: Date, hasLeft: () => boolean): Promise<boolean> {
    const name = toRateLimitSubnet(address)
    if (this.#failed.hasRoom(name, this.#limits, now.getTime())) return true
    const waiting = this.#waiting.get(name)
    if (waiting) return new Promise((start) => waiting.add({ start, hasLeft }))
    this.#open(name)
    return true
  }

  /** A queue exists for one interval after its last turn, so that turns keep their distance. */
  #open(name: string): void {
    const waiting = new Set<Waiter>()
    this.#waiting.set(name, waiting)
    const timer = setInterval(() => {
      for (const waiter of waiting) {
        waiting.delete(waiter)
        const isPresent = !waiter.hasLeft()
        waiter.start(isPresent)
        // Clients that left take no turn.
        if (isPresent) return
      }
      clearInterval(timer)
      this.#waiting.delete(name)
    }, 1000 / queuedVerificationsPerSecond)
  }
}
