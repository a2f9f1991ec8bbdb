/** Digests: SHA-256 of secrets with 190 random bits (no stretching needed), and ids derived from several parts. */
import { hash } from 'node:crypto'

export const sha256 = (text: string): string => hash('sha256', text, 'hex')

/**
 * The id of an end user follows from whom it belongs to, so recording one needs no read.
 * Each part is preceded by its length in bytes: without it ("a", "bc") and ("ab", "c") would be one user.
 */
export function endUserId(organizationId: string, projectId: string, environment: string, externalId: string): string {
  const parts = [organizationId, projectId, environment, externalId]
  return `eu_${sha256(parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join('')).slice(0, 32)}`
}
