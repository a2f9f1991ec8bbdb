/** External ids of end users, and the internal ids derived from them. */
import { sha256 } from './crypto/digest.js'
import { isId } from './id.js'

/**
 * Derives the id of an end user from its scope and external id, so that recording one needs no read.
 * Each part is prefixed with its length in bytes; otherwise ("a", "bc") and ("ab", "c") would give the same id.
 */
export function deriveEndUserId(organizationId: string, projectId: string, environment: string, externalId: string): string {
  const parts = [organizationId, projectId, environment, externalId]
  return `eu_${sha256(parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join('')).slice(0, 32)}`
}

/**
 * 1 to 150 printable ASCII characters, no space at either end, not `*`. Applies to `sub` and X-On-Behalf-Of.
 * Not the id of an API key either, which is the `sub` of a token without an end user (RFC 9700 §4.15).
 */
export const isExternalId = (text: string): boolean =>
  /^[\x21-\x7E]([\x20-\x7E]{0,148}[\x21-\x7E])?$/.test(text) && text !== '*' && !isId(text, 'key')

export const externalIdMessage =
  'must be 1 to 150 printable ASCII characters without a space at either end, and not "*" or the id of an API key'
