/** Hash chain of audit events: each event has its predecessor's hash, so that a change, removal or reordering is detectable. */
import canonicalize from 'canonicalize'

import type { AuditEvent } from '../entities/audit-event.js'
import { sha256 } from '../lib/crypto/digest.js'
import { newId } from '../lib/id.js'

/** Position of the last event of an organization's chain. */
export interface ChainHead {
  readonly seq: number
  readonly hash: string
}

/** Fields that the hash covers: all but `hash` itself. */
const hashedFields = [
  'id',
  'organizationId',
  'seq',
  'projectId',
  'environment',
  'action',
  'outcome',
  'actorId',
  'endUserId',
  'subjectId',
  'details',
  'requestId',
  'ipAddress',
  'at',
  'previousHash',
] as const

/** An audit event with its position and hashes. */
export type ChainedEvent = Pick<AuditEvent, (typeof hashedFields)[number] | 'hash'>

/** An audit event before it is linked into the chain. */
export type EventDraft = Omit<ChainedEvent, 'id' | 'seq' | 'previousHash' | 'hash'>

/** Head of an empty chain. */
export const genesis: ChainHead = { seq: 0, hash: '0'.repeat(64) }

/** SHA-256 over the canonical JSON (RFC 8785) of the hashed fields. */
export const computeHash = (event: Omit<ChainedEvent, 'hash'>): string =>
  sha256(canonicalize(Object.fromEntries(hashedFields.map((name) => [name, event[name]]))) ?? '')

/** Links an event to the head of its chain. */
export function linkEvent(head: ChainHead, draft: EventDraft): ChainedEvent {
  const event = { ...draft, id: newId('evt', draft.at), seq: head.seq + 1, previousHash: head.hash }
  return { ...event, hash: computeHash(event) }
}
