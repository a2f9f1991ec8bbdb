/** Records denied attempts as audit events, at a bounded rate. */
import type { Logger } from 'pino'

import { isUnavailable } from '../database/database-errors.js'
import type { Clock } from '../lib/clock.js'
import type { EventDraft } from './chain.js'
import { toAggregateEvent, startAggregate, mergeAggregates, type RefusalAggregate } from './gathered-refusals.js'
import type { Journal } from './journal.js'

/** Single events per minute of one actor, action and code; further ones are aggregated. */
export const maxSingleEvents = 10
/** Maximum series of one organization. Beyond it, attempts of further actors are aggregated by action and code alone. */
export const maxSeries = 1000
const minuteMs = 60_000
const sweepIntervalMs = 1000

/** Denied attempts of one actor, action and code in one minute. */
interface Series {
  readonly startedAt: number
  singleEvents: number
  aggregate: RefusalAggregate | undefined
}

/** One map per organization, so that no organization can exhaust the capacity of another. */
class MapsByOrganization<T> {
  readonly #maps = new Map<string, Map<string, T>>()

  of(organizationId: string): Map<string, T> {
    let map = this.#maps.get(organizationId)
    if (!map) this.#maps.set(organizationId, (map = new Map<string, T>()))
    return map
  }

  *entries(): Generator<[map: Map<string, T>, key: string, value: T]> {
    for (const map of this.#maps.values()) for (const [key, value] of map) yield [map, key, value]
  }

  dropEmpty(): void {
    for (const [id, map] of this.#maps) if (map.size === 0) this.#maps.delete(id)
  }
}

/** Key of a series; without the actor if the map is full. */
function seriesKey(map: ReadonlyMap<string, unknown>, { action, actorId, details }: EventDraft): string {
  const withoutActor = `${action} ${String(details['code'])}`
  const withActor = `${withoutActor} ${actorId}`
  return map.has(withActor) || map.size < maxSeries ? withActor : withoutActor
}

/** Records denied attempts; excess ones are aggregated. */
export interface Refusals {
  /** Resolves when the event is on disk or aggregated. */
  record(event: EventDraft): Promise<void>
  /** Writes pending aggregates before the end of their minute. */
  flush(): Promise<void>
}

/**
 * The first ten attempts a minute of one actor, action and code are single events. Further ones become one event at the
 * end of the minute or at shutdown. Each process aggregates its own attempts; a crash loses pending aggregates.
 */
export class RefusalJournal implements Refusals {
  readonly #series = new MapsByOrganization<Series>()
  /** Aggregates that wait to be written, by the same keys. */
  readonly #due = new MapsByOrganization<RefusalAggregate>()
  readonly #timer: NodeJS.Timeout
  #inFlight: Promise<void> = Promise.resolve()
  /** Number of attempts whose aggregate is being written. */
  #unwritten = 0

  constructor(
    private readonly journal: Pick<Journal, 'commit'>,
    private readonly clock: Clock,
    private readonly log: Logger,
    private readonly closeTimeoutMs = 5000,
  ) {
    this.#timer = setInterval(() => void this.sweep(), sweepIntervalMs).unref()
  }

  /** Resolves when the event is on disk or aggregated. `event.details.code` is the error code. */
  async record(event: EventDraft): Promise<void> {
    const ofOrganization = this.#series.of(event.organizationId)
    const key = seriesKey(ofOrganization, event)
    const now = event.at.getTime()
    let series = ofOrganization.get(key)
    if (!series || now >= series.startedAt + minuteMs) {
      if (series?.aggregate) this.#postpone(series.aggregate)
      ofOrganization.set(key, (series = { startedAt: now, singleEvents: 0, aggregate: undefined }))
    }
    if (series.singleEvents < maxSingleEvents) {
      series.singleEvents++
      return this.#commit(event)
    }
    series.aggregate = series.aggregate ? mergeAggregates(series.aggregate, startAggregate(event)) : startAggregate(event)
  }

  /** Writes the aggregates of past minutes. While the database is unavailable, they stay for the next sweep. */
  sweep(): Promise<void> {
    const now = this.clock().getTime()
    return this.#writeWhere(({ startedAt }) => now >= startedAt + minuteMs)
  }

  flush(): Promise<void> {
    return this.#writeWhere(() => true)
  }

  /** Flushes until the timeout, so that an unavailable database cannot block shutdown. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise((resolve) => (timer = setTimeout(resolve, this.closeTimeoutMs)))
    await Promise.race([this.flush(), timeout])
    clearTimeout(timer)
    const lost = [...this.#due.entries()].reduce((sum, [, , { count }]) => sum + count, this.#unwritten)
    if (lost > 0) this.log.error({ refusals: lost }, 'gathered refusals were not written before the shutdown')
  }

  #writeWhere(isOver: (series: Series) => boolean): Promise<void> {
    for (const [map, key, series] of this.#series.entries()) {
      if (!isOver(series)) continue
      map.delete(key)
      if (series.aggregate) this.#postpone(series.aggregate)
    }
    this.#series.dropEmpty()
    this.#inFlight = this.#inFlight.then(() => this.#writeDue())
    return this.#inFlight
  }

  /** Adds an aggregate to those to be written, merged with one of the same key. */
  #postpone(aggregate: RefusalAggregate): void {
    const map = this.#due.of(aggregate.event.organizationId)
    const key = seriesKey(map, aggregate.event)
    const existing = map.get(key)
    map.set(key, existing ? mergeAggregates(existing, aggregate) : aggregate)
  }

  async #writeDue(): Promise<void> {
    const due = [...this.#due.entries()].map(([map, key, aggregate]) => {
      map.delete(key)
      return aggregate
    })
    this.#due.dropEmpty()
    const now = this.clock()
    await Promise.all(due.map((aggregate) => this.#write(aggregate, now)))
  }

  async #write(aggregate: RefusalAggregate, now: Date): Promise<void> {
    this.#unwritten += aggregate.count
    try {
      await this.#commit(toAggregateEvent(aggregate, now))
      this.#unwritten -= aggregate.count
    } catch (error) {
      this.#unwritten -= aggregate.count
      const isRetried = isUnavailable(error)
      if (isRetried) this.#postpone(aggregate)
      this.log[isRetried ? 'warn' : 'error']({ err: error, refusals: aggregate.count, isRetried }, 'gathered refusals were not written')
    }
  }

  #commit(event: EventDraft): Promise<void> {
    return this.journal.commit({ organizationId: event.organizationId, authVersion: null, rows: [], event })
  }
}
