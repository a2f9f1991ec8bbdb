/** Aggregates denied attempts of one kind into one audit event, with their count, period and ids. */
import type { EventDraft } from './chain.js'

/** Maximum entries in each id list of an event. */
export const maxListedIds = 20

/** Denied attempts of one organization, action and code. */
export interface RefusalAggregate {
  /** Fields that all attempts share; null where they differ. The request id is that of the first one. */
  readonly event: EventDraft
  readonly count: number
  readonly first: Date
  readonly last: Date
  readonly targetIds: readonly string[]
  readonly actorIds: readonly string[]
  readonly endUserIds: readonly string[]
}

const toIdList = (id: string | null): string[] => (id === null ? [] : [id])

/** Starts an aggregate with one denied attempt. */
export const startAggregate = (event: EventDraft): RefusalAggregate => ({
  event,
  count: 1,
  first: event.at,
  last: event.at,
  targetIds: toIdList(event.subjectId),
  actorIds: toIdList(event.actorId),
  endUserIds: toIdList(event.endUserId),
})

const shared = <T>(a: T, b: T): T | null => (a === b ? a : null)
const union = (a: readonly string[], b: readonly string[]): string[] => [...new Set([...a, ...b])].slice(0, maxListedIds)

/** Merges two aggregates of the same organization, action and code. */
export function mergeAggregates(a: RefusalAggregate, b: RefusalAggregate): RefusalAggregate {
  const [first, second] = [a.event, b.event]
  const event: EventDraft = {
    ...first,
    projectId: shared(first.projectId, second.projectId),
    environment: shared(first.environment, second.environment),
    actorId: shared(first.actorId, second.actorId),
    endUserId: shared(first.endUserId, second.endUserId),
    subjectId: shared(first.subjectId, second.subjectId),
    ipAddress: shared(first.ipAddress, second.ipAddress),
    details: Object.fromEntries(Object.entries(first.details).filter(([name, value]) => second.details[name] === value)),
  }
  return {
    event,
    count: a.count + b.count,
    first: a.first < b.first ? a.first : b.first,
    last: a.last > b.last ? a.last : b.last,
    targetIds: union(a.targetIds, b.targetIds),
    actorIds: union(a.actorIds, b.actorIds),
    endUserIds: union(a.endUserIds, b.endUserIds),
  }
}

/** Audit event of an aggregate. Its details omit id lists that its columns already name. */
export function toAggregateEvent({ event, count, first, last, targetIds, actorIds, endUserIds }: RefusalAggregate, now: Date): EventDraft {
  const details = {
    ...event.details,
    count,
    first: first.toISOString(),
    last: last.toISOString(),
    targetIds,
    ...(event.actorId === null && actorIds.length > 0 ? { actorIds } : {}),
    ...(event.endUserId === null && endUserIds.length > 0 ? { endUserIds } : {}),
  }
  return { ...event, details, at: now }
}
