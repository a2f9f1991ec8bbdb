/** Verifies an audit trail: an exported file, offline, or the chain in the database. */
import type { JWK } from 'jose'

import type { Services } from '../context/services.js'
import { parseCheckpoint, validateSignature, type SignedCheckpoint } from './checkpoint.js'
import { parseEvent, parsePosition } from './export-format.js'
import { getChainHead, readTrail } from './read-trail.js'
import { formatBreak, verifyChain, type Link } from './verify-chain.js'

/** `fault` is a sentence. */
export type TrailVerification = { readonly events: number; readonly organization: string } | { readonly issue: string }

/**
 * Verifies the lines of an export. `keys`: JWKs that verify the checkpoint's signature.
 * Without keys the signature is not verified, so a chain rebuilt from scratch passes.
 */
export async function verifyExport(lines: AsyncIterable<string>, keys?: readonly JWK[]): Promise<TrailVerification> {
  let signed: SignedCheckpoint | undefined
  let hasTrailingLine = false
  let organization: string | undefined
  async function* links(): AsyncGenerator<Link, void, undefined> {
    for await (const line of lines) {
      if (signed) {
        hasTrailingLine = true
        return
      }
      signed = parseCheckpoint(line)
      if (signed) continue
      const event = parseEvent(line)
      organization ??= event?.organizationId
      yield event ? { event } : parsePosition(line)
    }
  }
  const { head, broken } = await verifyChain(links())
  if (broken) return { issue: formatBreak(broken) }
  if (!signed) return { issue: `There is no checkpoint after event number ${head.seq}: the end was cut off.` }
  if (hasTrailingLine) return { issue: 'There are lines after the checkpoint.' }
  const { checkpoint } = signed
  const signatureIssue = keys && (await validateSignature(signed, keys))
  if (signatureIssue !== undefined) return { issue: `The checkpoint is broken: ${signatureIssue}.` }
  if (head.seq !== checkpoint.count) {
    return { issue: `The checkpoint is broken: it counts ${checkpoint.count} events, and the file has ${head.seq}.` }
  }
  if (head.hash !== checkpoint.head) return { issue: 'The checkpoint is broken: its hash is not that of the last event.' }
  if ((organization ?? checkpoint.organization) !== checkpoint.organization) {
    return { issue: 'The checkpoint is broken: it belongs to another organization.' }
  }
  return { events: head.seq, organization: checkpoint.organization }
}

/** Verifies the stored chain up to its head; the database has no checkpoint to compare with. */
export async function verifyStoredTrail(services: Services, organization: string): Promise<TrailVerification> {
  const end = await getChainHead(services, organization)
  async function* links(): AsyncGenerator<Link, void, undefined> {
    // Stop at the head read above: later events are not part of this verification.
    for await (const event of readTrail(services, organization, end.seq)) yield { event }
  }
  const { head, broken } = await verifyChain(links())
  if (broken) return { issue: formatBreak(broken) }
  if (head.seq < end.seq) return { issue: `Event number ${head.seq + 1} was removed, with all that followed up to ${end.seq}.` }
  if (head.hash !== end.hash)
    return { issue: `Event number ${head.seq} was changed: the chain ends in another hash than the recorded one.` }
  return { events: head.seq, organization }
}
