/** One line of an exported trail: an event as canonical JSON (RFC 8785), which is what its hash was made of and the hash. */
import canonicalize from 'canonicalize'

import { computeHash, type ChainedEvent } from '../journal/chain.js'

const texts = ['id', 'organizationId', 'action', 'outcome', 'requestId', 'previousHash', 'hash'] as const
const maybeTexts = ['projectId', 'environment', 'actorId', 'endUserId', 'subjectId', 'ipAddress'] as const
const names = [...texts, ...maybeTexts, 'seq', 'details', 'at'] as const

export function serializeEvent(event: ChainedEvent): string {
  const fields = Object.fromEntries(names.map((name) => [name, event[name]]))
  return canonicalize({ ...fields, at: event.at.toISOString() }) ?? ''
}

/** Undefined for whatever no export wrote: a byte more or less is a change, also where no hash looks. */
export function parseEvent(line: string): ChainedEvent | undefined {
  const value = parsed(line)
  if (!isRecord(value) || !isRecord(value['details']) || !Number.isSafeInteger(value['seq'])) return undefined
  if (!texts.every((name) => typeof value[name] === 'string')) return undefined
  if (!maybeTexts.every((name) => value[name] === null || typeof value[name] === 'string')) return undefined
  const at = new Date(String(value['at']))
  if (Number.isNaN(at.getTime())) return undefined
  const event = { ...value, at } as unknown as ChainedEvent
  return serializeEvent(event) === line ? event : undefined
}

/** As {@link parseEvent}, but of a line that was changed: enough to say which it is. */
export function parsePosition(line: string): { id: string | undefined; seq: number | undefined } {
  const value = parsed(line)
  const { id, seq } = isRecord(value) ? value : {}
  return { id: typeof id === 'string' ? id : undefined, seq: Number.isSafeInteger(seq) ? (seq as number) : undefined }
}

export const hasValidHash = (event: ChainedEvent): boolean => computeHash(event) === event.hash

export function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown
  } catch {
    return undefined
  }
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
