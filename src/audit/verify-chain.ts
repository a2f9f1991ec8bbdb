/** Proves a chain of events link by link, and names the first that does not hold: changed, removed, inserted or out of order. */
import { genesis, type ChainedEvent, type ChainHead } from '../journal/chain.js'
import { hasValidHash } from './export-format.js'

/** An event, or where something stands that is none. */
export type Link = { readonly event: ChainedEvent } | { readonly id: string | undefined; readonly seq: number | undefined }

export interface ChainBreak {
  readonly kind: 'changed' | 'removed' | 'inserted' | 'reordered'
  readonly seq: number
  /** Undefined for what is not there. */
  readonly id: string | undefined
}

export type ChainVerification =
  | { readonly head: ChainHead; readonly broken?: undefined }
  | { readonly broken: ChainBreak; readonly head?: undefined }

/** Looks one link ahead: what follows tells which of two that claim one place is the stranger. */
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
  const broken = (kind: ChainBreak['kind'], one: ChainedEvent = event): ChainBreak => ({ kind, seq: one.seq, id: one.id })
  if (event.seq > seq) {
    if (!hasValidHash(event)) return broken(isNextInPlace ? 'inserted' : 'changed')
    // What belongs here may stand further down; then this one came too early.
    for (let one = next; one; one = await pull()) if ('event' in one && one.event.seq === seq) return broken('reordered')
    return { kind: 'removed', seq, id: undefined }
  }
  if (event.seq < seq) {
    // Two claim the place of the previous one; the chain goes on from the genuine one.
    const isRival = previous !== undefined && event.previousHash === previous.previousHash && hasValidHash(event)
    return isRival && following?.previousHash === event.hash ? broken('inserted', previous) : broken('inserted')
  }
  if (isNextInPlace) return broken('inserted')
  if (!hasValidHash(event) || !previous) return broken('changed')
  // It is whole, and was made after another event than the one before it: that one was changed, hash and all.
  return following && following.previousHash !== event.hash ? broken('changed') : broken('changed', previous)
}

/** As a sentence for people. */
export function formatBreak({ kind, seq, id }: ChainBreak): string {
  const name = id === undefined ? `number ${seq}` : `${id} (number ${seq})`
  return kind === 'reordered' ? `Event ${name} stands in another's place: the order was changed.` : `Event ${name} was ${kind}.`
}
