/**
 * Bounded DNS look-ups. `dns.lookup` knows the hosts file and search domains, but each call holds a thread of libuv's pool
 * until the resolver answers, and cannot be cancelled: without bounds a few slow names stop every tenant's calls.
 */
import { lookup } from 'node:dns/promises'

import { monotonicMs } from '../lib/clock.js'
import { KeyedQueue } from '../lib/concurrency.js'
import { OutboundError, type OutboundCode } from './outbound-error.js'

export interface Resolved {
  readonly address: string
  readonly family: number
}
/** Every address of a name. */
export type DnsLookup = (host: string) => Promise<readonly Resolved[]>

export const systemResolve: DnsLookup = (host) => lookup(host, { all: true })

export interface LookupLimits {
  readonly perOrganization: number
  readonly total: number
}

/** libuv runs look-ups on half of its threads at most, so that files and cryptography always have the other half. */
export const maxLookupsFor = (threadPoolSize: number): number => Math.floor((threadPoolSize + 1) / 2)

/** Milliseconds that a caller waits, and after which a look-up counts as slow. */
export const maxWait = 2000

/** Milliseconds for which a name that was slow or failed is not looked up again. */
export const retryDelay = 30_000

/** Failures that are remembered; of more the oldest is forgotten. */
const maxFailures = 10_000

/** Names of one organization that wait for their turn. */
const maxQueued = 100

interface Pending {
  answer: Promise<readonly Resolved[]>
  wantedUntil: number
}

export class NameLookups {
  readonly #ofOrganization: KeyedQueue
  readonly #ofAll: KeyedQueue
  /** By organization and name, since what one organization did must not show in another's answers. */
  readonly #pending = new Map<string, Pending>()
  readonly #failures = new Map<string, { code: OutboundCode; until: number }>()

  constructor(
    private readonly systemLookup: DnsLookup,
    { perOrganization, total }: LookupLimits,
  ) {
    const busy = (): OutboundError => new OutboundError('TIMEOUT')
    this.#ofOrganization = new KeyedQueue(perOrganization, maxQueued, busy)
    this.#ofAll = new KeyedQueue(total, Infinity, busy)
  }

  /** @throws OutboundError */
  async resolve(organizationId: string, host: string): Promise<readonly Resolved[]> {
    const key = `${organizationId} ${host}`
    const failure = this.#failures.get(key)
    if (failure && monotonicMs() < failure.until) throw new OutboundError(failure.code)
    const pending = this.#pending.get(key) ?? this.#begin(key, organizationId, host)
    pending.wantedUntil = monotonicMs() + maxWait
    return withinWait(pending.answer)
  }

  #begin(key: string, organizationId: string, host: string): Pending {
    const pending: Pending = { answer: Promise.resolve([]), wantedUntil: Infinity }
    const task = (): Promise<readonly Resolved[]> => this.#lookUp(key, host, pending)
    pending.answer = this.#ofOrganization.run(organizationId, () => this.#ofAll.run('', task)).finally(() => this.#pending.delete(key))
    this.#pending.set(key, pending)
    return pending
  }

  async #lookUp(key: string, host: string, pending: Pending): Promise<readonly Resolved[]> {
    // It waited too long for its turn, which says nothing about the name.
    if (monotonicMs() >= pending.wantedUntil) throw new OutboundError('TIMEOUT')
    const slow = setTimeout(() => this.#remember(key, 'TIMEOUT'), maxWait)
    try {
      const answers = await this.systemLookup(host)
      if (answers.length > 0) return answers
      throw new Error('the name has no address')
    } catch (cause) {
      this.#remember(key, 'CONNECTION_FAILED')
      throw new OutboundError('CONNECTION_FAILED', { cause })
    } finally {
      clearTimeout(slow)
    }
  }

  #remember(key: string, code: OutboundCode): void {
    this.#failures.delete(key)
    const [oldest] = this.#failures.keys()
    if (this.#failures.size >= maxFailures && oldest !== undefined) this.#failures.delete(oldest)
    this.#failures.set(key, { code, until: monotonicMs() + retryDelay })
  }
}

function withinWait<T>(answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new OutboundError('TIMEOUT')), maxWait)
    void answer.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
