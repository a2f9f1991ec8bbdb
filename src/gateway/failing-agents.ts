/** Agents that never succeed: API keys that the gateway keeps refusing, without a successful tool call. */
import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'

import type { Clock } from '../lib/clock.js'

/** Time without a success after which an agent counts as failing, and without a refusal after which it no longer does. */
export const failingAfterMs = 900_000
/** Maximum agents with refusals. The one whose last refusal is the oldest is evicted, which bounds the memory. */
const maxAgents = 10_000

export interface GatewayOutcome {
  readonly apiKeyId: string
  /** Operation as in the log. Of the successes, only a tool call counts: an agent that may call no tool can list them. */
  readonly operation: string | undefined
  /** Code of the refusal; undefined for a success. */
  readonly code: string | undefined
}

interface Failure {
  readonly since: number
  lastAt: number
  code: string
  isLogged: boolean
}

export class FailingAgents {
  readonly #failures = new LRUCache<string, Failure>({ max: maxAgents })

  constructor(
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  record({ apiKeyId, operation, code }: GatewayOutcome): void {
    if (code === undefined) {
      if (operation === 'mcp:tools/call') this.#failures.delete(apiKeyId)
      return
    }
    const now = this.clock().getTime()
    const known = this.#failures.get(apiKeyId)
    if (!known || now - known.lastAt >= failingAfterMs) {
      this.#failures.set(apiKeyId, { since: now, lastAt: now, code, isLogged: false })
      return
    }
    Object.assign(known, { lastAt: now, code })
    if (known.isLogged || now - known.since < failingAfterMs) return
    known.isLogged = true
    this.log.warn({ apiKeyId, code }, 'agent has been refused without a successful call')
  }

  /** Number of failing agents by the code of their last refusal. */
  count(): [labels: [code: string], value: number][] {
    const now = this.clock().getTime()
    const counts = new Map<string, number>()
    for (const { since, lastAt, code } of this.#failures.values()) {
      if (now - lastAt < failingAfterMs && now - since >= failingAfterMs) counts.set(code, (counts.get(code) ?? 0) + 1)
    }
    return [...counts].map(([code, value]) => [[code], value])
  }
}
