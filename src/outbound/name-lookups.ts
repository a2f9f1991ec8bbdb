/**
 * Bounded DNS look-ups. `dns.lookup` uses the hosts file and search domains, but cannot be cancelled.
 * Each call holds a thread of libuv's pool until the resolver answers. Without limits, slow names would block all tenants.
 */
import { lookup } from 'node:dns/promises'

import { LRUCache } from 'lru-cache'

import { monotonicMs } from '../lib/clock.js'
import { KeyedQueue } from '../lib/concurrency.js'
import { OutboundError, type OutboundCode } from './outbound-error.js'

/** Resolved address; `family` is 4 or 6. */
export interface ResolvedAddress {
  readonly address: string
  readonly family: number
}
/** Resolves a host name to all of its addresses. */
export type DnsLookup = (host: string) => Promise<readonly ResolvedAddress[]>

export const systemLookup: DnsLookup = (host) => lookup(host, { all: true })

/** Maximum concurrent look-ups, by organization and in this process. */
export interface LookupLimits {
  readonly perOrganization: number
  readonly total: number
}

/** libuv runs look-ups on at most half of its threads, which leaves the other half to files and cryptography. */
export const maxLookupsFor = (threadPoolSize: number): number => Math.floor((threadPoolSize + 1) / 2)

/** Milliseconds until a caller's wait times out, and until a look-up counts as slow. */
export const maxWait = 2000

/** Milliseconds without a new look-up of a name that was slow or failed (negative caching). */
export const retryDelay = 30_000

/** Maximum cached failures; the oldest is evicted. */
const maxFailures = 10_000

/** Maximum queued look-ups of one organization. */
const maxQueued = 100

interface Pending {
  answer: Promise<readonly ResolvedAddress[]>
  deadline: number
}

export class DnsLookups {
  readonly #organizationQueue: KeyedQueue
  readonly #globalQueue: KeyedQueue
  /** By organization and name: a shared cache would disclose one organization's look-ups to another. */
  readonly #pending = new Map<string, Pending>()
  readonly #failures = new LRUCache<string, { code: OutboundCode; until: number }>({ max: maxFailures })

  constructor(
    private readonly dnsLookup: DnsLookup,
    { perOrganization, total }: LookupLimits,
  ) {
    const createTimeoutError = (): OutboundError => new OutboundError('TIMEOUT')
    this.#organizationQueue = new KeyedQueue(perOrganization, maxQueued, createTimeoutError)
    this.#globalQueue = new KeyedQueue(total, Infinity, createTimeoutError)
  }

  /** @throws OutboundError TIMEOUT, CONNECTION_FAILED */
  async resolve(organizationId: string, host: string): Promise<readonly ResolvedAddress[]> {
    const key = `${organizationId} ${host}`
    // `get` would count as a use, and keep the entry longer than later failures.
    const failure = this.#failures.peek(key)
    if (failure && monotonicMs() < failure.until) throw new OutboundError(failure.code)
    const pending = this.#pending.get(key) ?? this.#begin(key, organizationId, host)
    pending.deadline = monotonicMs() + maxWait
    return withTimeout(pending.answer)
  }

  #begin(key: string, organizationId: string, host: string): Pending {
    const pending: Pending = { answer: Promise.resolve([]), deadline: Infinity }
    const task = (): Promise<readonly ResolvedAddress[]> => this.#lookUp(key, host, pending)
    pending.answer = this.#organizationQueue
      .run(organizationId, () => this.#globalQueue.run('', task))
      .finally(() => this.#pending.delete(key))
    this.#pending.set(key, pending)
    return pending
  }

  async #lookUp(key: string, host: string, pending: Pending): Promise<readonly ResolvedAddress[]> {
    // No caller waits any more. A long queue is no failure of the name, so it is not cached.
    if (monotonicMs() >= pending.deadline) throw new OutboundError('TIMEOUT')
    const timer = setTimeout(() => this.#cacheFailure(key, 'TIMEOUT'), maxWait)
    try {
      const addresses = await this.dnsLookup(host)
      if (addresses.length > 0) return addresses
      throw new Error('the host name has no address')
    } catch (cause) {
      this.#cacheFailure(key, 'CONNECTION_FAILED')
      throw new OutboundError('CONNECTION_FAILED', { cause })
    } finally {
      clearTimeout(timer)
    }
  }

  #cacheFailure(key: string, code: OutboundCode): void {
    this.#failures.set(key, { code, until: monotonicMs() + retryDelay })
  }
}

function withTimeout<T>(answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new OutboundError('TIMEOUT')), maxWait)
    void answer.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
