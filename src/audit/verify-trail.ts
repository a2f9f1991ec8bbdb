/** Proves a trail: of an exported file, for which neither server nor database is needed, or of the database itself. */
import type { JWK } from 'jose'

import type { Services } from '../context/services.js'
import { createCheckpoint, validateSignature, type SignedCheckpoint } from './checkpoint.js'
import { parseEvent, parsePosition } from './export-format.js'
import { getChainHead, readTrail } from './read-trail.js'
import { formatBreak, verifyChain, type Link } from './verify-chain.js'

export type TrailVerification = { readonly events: number; readonly organization: string } | { readonly fault: string }

/** Without keys the signature of the checkpoint is not looked at, so a chain that was made anew to its very end passes. */
export async function verifyLines(lines: AsyncIterable<string>, keys?: readonly JWK[]): Promise<TrailVerification> {
  let signed: SignedCheckpoint | undefined
  let isFollowed = false
  let organization: string | undefined
  async function* links(): AsyncGenerator<Link, void, undefined> {
    for await (const line of lines) {
      if (signed) {
        isFollowed = true
        return
      }
      signed = createCheckpoint(line)
      if (signed) continue
      const event = parseEvent(line)
      organization ??= event?.organizationId
      yield event ? { event } : parsePosition(line)
    }
  }
  const { head, broken } = await verifyChain(links())
  if (broken) return { fault: formatBreak(broken) }
  if (!signed) return { fault: `There is no checkpoint after event number ${head.seq}: the end was cut off.` }
  if (isFollowed) return { fault: 'Something follows the checkpoint.' }
  const { checkpoint } = signed
  const unsigned = keys && (await validateSignature(signed, keys))
  if (unsigned !== undefined) return { fault: `The checkpoint is broken: ${unsigned}.` }
  if (head.seq !== checkpoint.count) {
    return { fault: `The checkpoint is broken: it counts ${checkpoint.count} events, and there are ${head.seq}.` }
  }
  if (head.hash !== checkpoint.head) return { fault: 'The checkpoint is broken: it ends another chain than this one.' }
  if ((organization ?? checkpoint.organization) !== checkpoint.organization) {
    return { fault: 'The checkpoint is broken: it is that of another organization.' }
  }
  return { events: head.seq, organization: checkpoint.organization }
}

export async function verifyDatabase(app: Services, organization: string): Promise<TrailVerification> {
  const end = await getChainHead(app, organization)
  async function* links(): AsyncGenerator<Link, void, undefined> {
    // What is appended meanwhile is not behind this head.
    for await (const event of readTrail(app, organization, end.seq)) yield { event }
  }
  const { head, broken } = await verifyChain(links())
  if (broken) return { fault: formatBreak(broken) }
  if (head.seq < end.seq) return { fault: `Event number ${head.seq + 1} was removed, with all that followed up to ${end.seq}.` }
  if (head.hash !== end.hash) return { fault: `Event number ${head.seq} was changed: the chain should end in another hash.` }
  return { events: head.seq, organization }
}
