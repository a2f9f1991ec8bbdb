/** Verifies a hash chain link by link and classifies the first break: changed, removed, inserted or reordered. */
import { genesis, type ChainedEvent, type ChainHead } from '../journal/chain.js'
import { hasValidHash } from './export-format.js'

/** An event, or the position of a line that is not a valid event. */
export type Link = { readonly event: ChainedEvent } | { readonly id: string | undefined; readonly seq: number | undefined }

export interface ChainBreak {
  readonly kind: 'changed' | 'removed' | 'inserted' | 'reordered'
  readonly seq: number
  /** Undefined when the event is missing, or its line has no id. */
  readonly id: string | undefined
}

export type ChainVerification =
  | { readonly head: ChainHead; readonly broken?: undefined }
  | { readonly broken: ChainBreak; readonly head?: undefined }

/** Reads one link ahead: the next link decides which of two events with one sequence number was inserted. */
export async function verifyChain(links: AsyncIterator<Link>): Promise<ChainVerification> {
  const pull = async (): Promise<Link | undefined> => {
    const next = await links.next()
    return next.done ? undefined : next.value
  }
  let previous: ChainedEvent | undefined
  let current = await pull()
  while (current) {
    const next = await pull()
    const head = previous ?? genesis
    if (!('event' in current) || !isNextLink(current.event, head)) {
      return { broken: await classifyBreak(previous, current, next, pull) }
    }
    previous = current.event
    current = next
  }
  return { head: previous ? { seq: previous.seq, hash: previous.hash } : genesis }
}

/** True when the event directly follows `head` and its own hash is valid. */
export const isNextLink = (event: ChainedEvent, head: ChainHead): boolean =>
  event.seq === head.seq + 1 && event.previousHash === head.hash && hasValidHash(event)

async function classifyBreak(
  previous: ChainedEvent | undefined,
  current: Link,
  next: Link | undefined,
  pull: () => Promise<Link | undefined>,
): Promise<ChainBreak> {
  const head = previous ?? genesis
  const seq = head.seq + 1
  const following = next && 'event' in next ? next.event : undefined
  const isNextInPlace = following !== undefined && isNextLink(following, head)
  if (!('event' in current)) return { kind: isNextInPlace ? 'inserted' : 'changed', seq: current.seq ?? seq, id: current.id }
  const { event } = current
  const broken = (kind: ChainBreak['kind'], at: ChainedEvent = event): ChainBreak => ({ kind, seq: at.seq, id: at.id })
  if (event.seq > seq) {
    if (!hasValidHash(event)) return broken(isNextInPlace ? 'inserted' : 'changed')
    // The expected event found later means a changed order, otherwise a removal.
    for (let link = next; link; link = await pull()) if ('event' in link && link.event.seq === seq) return broken('reordered')
    return { kind: 'removed', seq, id: undefined }
  }
  if (event.seq < seq) {
    // Two events have the previous sequence number. The next event's `previousHash` identifies the original.
    const isRival = previous !== undefined && event.previousHash === previous.previousHash && hasValidHash(event)
    return isRival && following?.previousHash === event.hash ? broken('inserted', previous) : broken('inserted')
  }
  if (isNextInPlace) return broken('inserted')
  if (!hasValidHash(event) || !previous) return broken('changed')
  // This event's hash is valid but its `previousHash` differs: the previous event was changed together with its hash.
  return following && following.previousHash !== event.hash ? broken('changed') : broken('changed', previous)
}

/** Formats a break as a sentence for the command line. */
export function formatBreak({ kind, seq, id }: ChainBreak): string {
  const name = id === undefined ? `number ${seq}` : `${id} (number ${seq})`
  return kind === 'reordered' ? `Event ${name} was moved: the order was changed.` : `Event ${name} was ${kind}.`
}
