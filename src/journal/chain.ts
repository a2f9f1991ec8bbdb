/** Hash chain of audit events: each event has its predecessor's hash, so that a change, removal or reordering is detectable. */
import canonicalize from 'canonicalize'

import type { AuditEvent } from '../entities/audit-event.js'
import { sha256 } from '../lib/digest.js'
import { newId } from '../lib/id.js'

/** Position of the last event of an organization's chain. */
export interface ChainHead {
  readonly seq: number
  readonly hash: string
}

/** An audit event with its position and hashes. */
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

/** An audit event before it is linked into the chain. */
export type EventDraft = Omit<ChainedEvent, 'id' | 'seq' | 'previousHash' | 'hash'>

/** Head of an empty chain. */
export const genesis: ChainHead = { seq: 0, hash: '0'.repeat(64) }

/**
 * SHA-256 over the canonical JSON (RFC 8785) of every field but `hash`. The fields are listed in canonical order, so that
 * JSON.stringify writes canonical text; only `details` needs canonicalization.
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

/** Links an event to the head of its chain. */
export function linkEvent(head: ChainHead, draft: EventDraft): ChainedEvent {
  const event = { ...draft, id: newId('evt', draft.at), seq: head.seq + 1, previousHash: head.hash }
  return { ...event, hash: computeHash(event) }
}
