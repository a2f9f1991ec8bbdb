/** The chain: each event carries the hash of the one before it, so that none can be changed, dropped or moved unnoticed. */
import canonicalize from 'canonicalize'

import type { AuditEvent } from '../entities/audit-event.js'
import { sha256 } from '../lib/digest.js'
import { newId } from '../lib/id.js'

export interface ChainHead {
  readonly seq: number
  readonly hash: string
}

export type ChainedEvent = Pick<
  AuditEvent,
  | 'id'
  | 'organizationId'
  | 'seq'
  | 'projectId'
  | 'environment'
  | 'action'
  | 'outcome'
  | 'actorId'
  | 'endUserId'
  | 'subjectId'
  | 'details'
  | 'requestId'
  | 'ipAddress'
  | 'at'
  | 'previousHash'
  | 'hash'
>
export type EventDraft = Omit<ChainedEvent, 'id' | 'seq' | 'previousHash' | 'hash'>

/** Before the first event. */
export const genesis: ChainHead = { seq: 0, hash: '0'.repeat(64) }

/**
 * SHA-256 over the canonical JSON (RFC 8785) of everything but the hash itself. The names stand here in the order that they
 * have there, so that JSON.stringify writes canonical text; only what a verb noted has an order of its own.
 */
export function computeHash(event: Omit<ChainedEvent, 'hash'>): string {
  const { action, actorId, at, endUserId, environment, id, ipAddress, organizationId } = event
  const { outcome, previousHash, projectId, requestId, seq, subjectId } = event
  const before = JSON.stringify({ action, actorId, at })
  const after = JSON.stringify({
    endUserId,
    environment,
    id,
    ipAddress,
    organizationId,
    outcome,
    previousHash,
    projectId,
    requestId,
    seq,
    subjectId,
  })
  return sha256(`${before.slice(0, -1)},"details":${canonicalize(event.details)},${after.slice(1)}`)
}

export function linkEvent(head: ChainHead, draft: EventDraft): ChainedEvent {
  const event = { ...draft, id: newId('evt', draft.at), seq: head.seq + 1, previousHash: head.hash }
  return { ...event, hash: computeHash(event) }
}
