/**
 * Audit events of refusals, bounded: the first ten a minute of one actor, action and code are written each, further ones as
 * one event at the minute's end or at shutdown. Each process gathers its own; a crash loses what it has gathered.
 */
import type { Logger } from 'pino'

import { isUnavailable } from '../database/database-errors.js'
import type { Clock } from '../lib/clock.js'
import type { EventDraft } from './chain.js'
import { toGatheredEvent, gathered, merge, type GatheredRefusals } from './gathered-refusals.js'
import type { Journal } from './journal.js'

/** Of one actor, action and code in a minute. */
export const maxSingleEvents = 10
/** Actors, actions and codes of one organization that are told apart. Further actors are gathered by action and code alone. */
export const maxSeries = 1000
/** Milliseconds. */
const minute = 60_000
const sweepInterval = 1000

/** Refusals of one actor, action and code in one minute. */
interface Series {
  readonly startedAt: number
  singleEvents: number
  rest: GatheredRefusals | undefined
}

/** A map for each organization, so that none uses up the room of another. */
class MapsByOrganization<T> {
  readonly #maps = new Map<string, Map<string, T>>()

  of(organizationId: string): Map<string, T> {
    let map = this.#maps.get(organizationId)
    if (!map) this.#maps.set(organizationId, (map = new Map<string, T>()))
    return map
  }

  *entries(): Generator<[map: Map<string, T>, name: string, value: T]> {
    for (const map of this.#maps.values()) for (const [name, value] of map) yield [map, name, value]
  }

  dropEmpty(): void {
    for (const [id, map] of this.#maps) if (map.size === 0) this.#maps.delete(id)
  }
}

function nameIn(map: ReadonlyMap<string, unknown>, { action, actorId, details }: EventDraft): string {
  const common = `${action} ${String(details['code'])}`
  const own = `${common} ${actorId}`
  return map.has(own) || map.size < maxSeries ? own : common
}

export class RefusalJournal implements Refusals {
  readonly #series = new MapsByOrganization<Series>()
  /** Gathered events that wait to be written, by the same names. */
  readonly #due = new MapsByOrganization<GatheredRefusals>()
  readonly #timer: NodeJS.Timeout
  #flight: Promise<void> = Promise.resolve()
  /** Refusals whose gathered event is being written. */
  #unwritten = 0

  constructor(
    private readonly journal: Pick<Journal, 'commit'>,
    private readonly clock: Clock,
    private readonly log: Logger,
    private readonly closeTimeoutMs = 5000,
  ) {
    this.#timer = setInterval(() => void this.sweep(), sweepInterval).unref()
  }

  /** Resolves when the event is on disk, or gathered. `event.details.code` is the code of the refusal. */
  async record(event: EventDraft): Promise<void> {
    const ofOrganization = this.#series.of(event.organizationId)
    const name = nameIn(ofOrganization, event)
    const now = event.at.getTime()
    let series = ofOrganization.get(name)
    if (!series || now >= series.startedAt + minute) {
      if (series?.rest) this.#postpone(series.rest)
      ofOrganization.set(name, (series = { startedAt: now, singleEvents: 0, rest: undefined }))
    }
    if (series.singleEvents < maxSingleEvents) {
      series.singleEvents++
      return this.#commit(event)
    }
    series.rest = series.rest ? merge(series.rest, gathered(event)) : gathered(event)
  }

  /** Writes what was gathered in minutes that are over. While the database is away it waits for the next sweep. */
  sweep(): Promise<void> {
    const now = this.clock().getTime()
    return this.#writeWhere(({ startedAt }) => now >= startedAt + minute)
  }

  flush(): Promise<void> {
    return this.#writeWhere(() => true)
  }

  /** Flushes, and gives up when the database takes too long: a shutdown does not wait for it. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise((resolve) => (timer = setTimeout(resolve, this.closeTimeoutMs)))
    await Promise.race([this.flush(), timeout])
    clearTimeout(timer)
    const lost = [...this.#due.entries()].reduce((sum, [, , { count }]) => sum + count, this.#unwritten)
    if (lost > 0) this.log.error({ refusals: lost }, 'gathered refusals were not written before the end')
  }

  #writeWhere(isOver: (series: Series) => boolean): Promise<void> {
    for (const [map, name, series] of this.#series.entries()) {
      if (!isOver(series)) continue
      map.delete(name)
      if (series.rest) this.#postpone(series.rest)
    }
    this.#series.dropEmpty()
    this.#flight = this.#flight.then(() => this.#writeDue())
    return this.#flight
  }

  /** Merges with what waits under the same name already. */
  #postpone(rest: GatheredRefusals): void {
    const map = this.#due.of(rest.event.organizationId)
    const name = nameIn(map, rest.event)
    const waiting = map.get(name)
    map.set(name, waiting ? merge(waiting, rest) : rest)
  }

  async #writeDue(): Promise<void> {
    const due = [...this.#due.entries()].map(([map, name, rest]) => {
      map.delete(name)
      return rest
    })
    this.#due.dropEmpty()
    const now = this.clock()
    await Promise.all(due.map((rest) => this.#write(rest, now)))
  }

  async #write(rest: GatheredRefusals, now: Date): Promise<void> {
    this.#unwritten += rest.count
    try {
      await this.#commit(toGatheredEvent(rest, now))
      this.#unwritten -= rest.count
    } catch (error) {
      this.#unwritten -= rest.count
      const isRetried = isUnavailable(error)
      if (isRetried) this.#postpone(rest)
      this.log[isRetried ? 'warn' : 'error']({ err: error, refusals: rest.count, isRetried }, 'gathered refusals were not written')
    }
  }

  #commit(event: EventDraft): Promise<void> {
    return this.journal.commit({ organizationId: event.organizationId, authVersion: null, rows: [], event })
  }
}

/** Where refusals are recorded, a flood of them gathered (journal/refusal-journal.ts). */
export interface Refusals {
  /** Resolves when the event is on disk, or gathered. */
  record(event: EventDraft): Promise<void>
  /** Writes what is gathered, without waiting for the end of its minute. */
  flush(): Promise<void>
}
