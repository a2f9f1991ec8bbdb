/** Inputs that limit for whom and from where an API key may be used: validation, and their stored form. */
import type { EndUserScope } from '../entities/end-user-scope.js'
import { externalIdMessage, isExternalId } from '../lib/external-id.js'
import { normalizeCidr } from '../lib/network/cidr.js'
import type { Validator } from '../validation/validator.js'

export const maxListedEndUsers = 500
/** Of all external ids of one list. Authentication reads the list at each request with the key. */
export const maxListedBytes = 64_000
export const maxEndUserPrefixLength = 150
export const maxAllowedIps = 50

export const endUserPresets = ['ANYONE', 'NOBODY'] as const

/** Exactly one member is set. */
export interface EndUsersInput {
  readonly preset?: (typeof endUserPresets)[number] | null | undefined
  readonly externalIds?: readonly string[] | null | undefined
  readonly prefix?: string | null | undefined
}

/** Begins an external id. `*` alone would read as a wildcard. */
const isExternalIdPrefix = (text: string): boolean => /^[\x21-\x7E][\x20-\x7E]{0,149}$/.test(text) && text !== '*'

export function validateEndUsers(validator: Validator, endUsers: EndUsersInput | null | undefined): void {
  validator.notNull('endUsers', endUsers)
  if (endUsers?.prefix != null && !isExternalIdPrefix(endUsers.prefix)) {
    const rule = `must be 1 to ${maxEndUserPrefixLength} printable ASCII characters that do not begin with a space, and not "*"`
    validator.addIssue(['endUsers', 'prefix'], rule)
  }
  const path = ['endUsers', 'externalIds']
  const { externalIds } = endUsers ?? {}
  if (!externalIds || !validator.entries(path, externalIds, maxListedEndUsers, 1)) return
  validator.list(path, externalIds, maxListedEndUsers, (id) => (isExternalId(id) ? undefined : externalIdMessage))
  const bytes = externalIds.reduce((sum, id) => sum + Buffer.byteLength(id), 0)
  if (bytes > maxListedBytes) validator.addIssue(path, `must have at most ${maxListedBytes} bytes in all; use a prefix instead`)
}

export function toEndUserScope({ preset, externalIds, prefix }: EndUsersInput): EndUserScope {
  if (externalIds) return { mode: 'LISTED', externalIds: [...externalIds] }
  if (prefix != null) return { mode: 'PREFIX', prefix }
  return preset === 'NOBODY' ? { mode: 'NOBODY' } : null
}

const cidrMessage = 'must be an IPv4 or IPv6 address, or a CIDR block such as "203.0.113.0/24" or "2001:db8::/32"'

export function validateAllowedIps(validator: Validator, allowedIps: readonly string[] | null | undefined): void {
  validator.list('allowedIps', allowedIps, maxAllowedIps, (text) => (normalizeCidr(text) === undefined ? cidrMessage : undefined))
  if (allowedIps?.length === 0) validator.addIssue('allowedIps', 'must have at least one entry; use null to allow any address')
}

/** Blocks in canonical form, without repetitions. */
export const toAllowedIps = (allowedIps: readonly string[] | null): string[] | null =>
  allowedIps && [...new Set(allowedIps.map((text) => normalizeCidr(text) ?? text))]
