/** Export line format: one audit event with its hash, as canonical JSON (RFC 8785). */
import canonicalize from 'canonicalize'

import { computeHash, type ChainedEvent } from '../journal/chain.js'

const stringFields = ['id', 'organizationId', 'action', 'outcome', 'requestId', 'previousHash', 'hash'] as const
const nullableFields = ['projectId', 'environment', 'actorId', 'endUserId', 'subjectId', 'ipAddress'] as const
const fieldNames = [...stringFields, ...nullableFields, 'seq', 'details', 'at'] as const

/** Canonical JSON without a line feed; `at` in RFC 3339. */
export function serializeEvent(event: ChainedEvent): string {
  const fields = Object.fromEntries(fieldNames.map((name) => [name, event[name]]))
  return canonicalize({ ...fields, at: event.at.toISOString() }) ?? ''
}

/**
 * Parses a line; undefined unless serializing the event again gives the identical bytes.
 * This also detects changes that the hash does not cover.
 */
export function parseEvent(line: string): ChainedEvent | undefined {
  const value = parseJson(line)
  if (!isRecord(value) || !isRecord(value['details']) || !Number.isSafeInteger(value['seq'])) return undefined
  if (!stringFields.every((name) => typeof value[name] === 'string')) return undefined
  if (!nullableFields.every((name) => value[name] === null || typeof value[name] === 'string')) return undefined
  const at = new Date(String(value['at']))
  if (Number.isNaN(at.getTime())) return undefined
  const event = { ...value, at } as unknown as ChainedEvent
  return serializeEvent(event) === line ? event : undefined
}

/** Extracts id and sequence number from a line that {@link parseEvent} rejected, to report which event was changed. */
export function parsePosition(line: string): { id: string | undefined; seq: number | undefined } {
  const value = parseJson(line)
  const { id, seq } = isRecord(value) ? value : {}
  return { id: typeof id === 'string' ? id : undefined, seq: Number.isSafeInteger(seq) ? (seq as number) : undefined }
}

export const hasValidHash = (event: ChainedEvent): boolean => computeHash(event) === event.hash

/** Undefined for invalid JSON. */
export function parseJson(line: string): unknown {
  try {
    return JSON.parse(line) as unknown
  } catch {
    return undefined
  }
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
