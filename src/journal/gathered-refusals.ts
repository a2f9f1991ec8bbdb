/** Refusals of one kind as one audit event: how many, from when to when, and what they were about. */
import type { EventDraft } from './chain.js'

/** Entries in each list of ids that an event names. */
export const maxIds = 20

export interface GatheredRefusals {
  /** What all of them share; null where they differ. The request id is that of the first. */
  readonly event: EventDraft
  readonly count: number
  readonly first: Date
  readonly last: Date
  readonly targetIds: readonly string[]
  readonly actorIds: readonly string[]
  readonly endUserIds: readonly string[]
}

const toIdList = (id: string | null): string[] => (id === null ? [] : [id])

export const gathered = (event: EventDraft): GatheredRefusals => ({
  event,
  count: 1,
  first: event.at,
  last: event.at,
  targetIds: toIdList(event.subjectId),
  actorIds: toIdList(event.actorId),
  endUserIds: toIdList(event.endUserId),
})

const shared = <T>(a: T, b: T): T | null => (a === b ? a : null)
const union = (a: readonly string[], b: readonly string[]): string[] => [...new Set([...a, ...b])].slice(0, maxIds)

/** Both are of one organization, action and code. */
export function merge(a: GatheredRefusals, b: GatheredRefusals): GatheredRefusals {
  const [one, other] = [a.event, b.event]
  const event: EventDraft = {
    ...one,
    projectId: shared(one.projectId, other.projectId),
    environment: shared(one.environment, other.environment),
    actorId: shared(one.actorId, other.actorId),
    endUserId: shared(one.endUserId, other.endUserId),
    subjectId: shared(one.subjectId, other.subjectId),
    ipAddress: shared(one.ipAddress, other.ipAddress),
    details: Object.fromEntries(Object.entries(one.details).filter(([name, value]) => other.details[name] === value)),
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

/** The event to write. Ids that its own columns name are not listed again. */
export function toGatheredEvent({ event, count, first, last, targetIds, actorIds, endUserIds }: GatheredRefusals, now: Date): EventDraft {
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
