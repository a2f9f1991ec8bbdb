import { sha256 } from './digest.js'

/**
 * The id of an end user follows from whom it belongs to, so recording one needs no read.
 * Each part is preceded by its length in bytes: without it ("a", "bc") and ("ab", "c") would be one user.
 */
export function deriveEndUserId(organizationId: string, projectId: string, environment: string, externalId: string): string {
  const parts = [organizationId, projectId, environment, externalId]
  return `eu_${sha256(parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join('')).slice(0, 32)}`
}

/** 1 to 150 printable ASCII characters, no space at either end, not `*`: the `sub` of a token and X-On-Behalf-Of alike. */
export const isExternalId = (text: string): boolean => /^[\x21-\x7E]([\x20-\x7E]{0,148}[\x21-\x7E])?$/.test(text) && text !== '*'

export const externalIdRule = 'must be 1 to 150 printable ASCII characters without a space at either end, and not "*"'
