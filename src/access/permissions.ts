/** What permissions mean: who holds what, and what a grant would exceed. Sets are lists of patterns, and stay as written. */
import type { MemberRole } from '../entities/enums.js'
import { permissions, type KeyhousePermission } from './actions.js'
export type PermissionSet = readonly string[]

const names = Object.keys(permissions) as KeyhousePermission[]
const listActions = new Map<string, string[]>()
for (const name of names) {
  const [resource, action] = name.split(':') as [string, string]
  listActions.set(resource, [...(listActions.get(resource) ?? []), action])
}

/** One of Keyhouse's own resources; every other name belongs to an application. */
const isBuiltInResource = (resource: string): boolean => listActions.has(resource)

/** All that a key may hold: what `*` means on one. */
const apiKeyPermissions: PermissionSet = ['application:*', ...names.filter((name) => permissions[name].grantableToApiKey)]
const endUserReach: PermissionSet = names.filter((name) => permissions[name].allowedForEndUser)

export const rolePermissions: Readonly<Record<MemberRole, PermissionSet>> = {
  ADMIN: ['*'],
  MEMBER: ['application:*', ...names.filter((name) => permissions[name].roles.includes('MEMBER'))],
  READER: names.filter((name) => permissions[name].roles.includes('READER')),
}

/** Whether pattern `wide` covers all of pattern `narrow`. */
function covers(wide: string, narrow: string): boolean {
  if (wide === narrow || wide === '*') return true
  if (narrow === '*' || !wide.endsWith(':*')) return false
  const resource = narrow.slice(0, narrow.indexOf(':'))
  if (wide === 'application:*') return !isBuiltInResource(resource) && resource !== 'application'
  return wide === `${resource}:*`
}

/** A wildcard over one of our resources (or all of them) as the permissions that it stands for. */
function expand(pattern: string): readonly string[] {
  if (pattern === '*') return ['application:*', ...names]
  const [resource, action] = pattern.split(':') as [string, string]
  const own = listActions.get(resource)
  return action === '*' && own && !own.includes('*') ? own.map((one) => `${resource}:${one}`) : [pattern]
}

export const hasPermission = (set: PermissionSet, permission: string): boolean => set.some((pattern) => covers(pattern, permission))

/** What of `wanted` the set does not hold, by name. Empty: all of it is held. */
export function missingPermissions(set: PermissionSet, wanted: PermissionSet): string[] {
  return wanted.flatMap((pattern) => {
    if (hasPermission(set, pattern)) return []
    const missing = expand(pattern).filter((one) => !hasPermission(set, one))
    return missing.length === expand(pattern).length ? [pattern] : missing
  })
}

/** What both sets hold, each pattern as narrow as the narrower of the two. */
export function intersection(a: PermissionSet, b: PermissionSet): string[] {
  const both = a.flatMap((x) => b.flatMap((y) => (covers(x, y) ? [y] : covers(y, x) ? [x] : [])))
  return [...new Set(both)].filter((x, _, all) => !all.some((y) => y !== x && covers(y, x)))
}

/** What a key holds in effect: `*` means all that a key may hold. */
export const expandKeyWildcard = (written: PermissionSet): PermissionSet => (written.includes('*') ? apiKeyPermissions : written)

/** What of `wanted` a key with these does not hold, or who holds these cannot give a key: `*` means all that a key may hold there. */
export const missingKeyPermissions = (set: PermissionSet, wanted: PermissionSet): string[] =>
  wanted.flatMap((pattern) => {
    const meant = expandKeyWildcard([pattern])
    const over = missingPermissions(set, meant)
    return over.length === meant.length ? [pattern] : over
  })

/** Of a grant to a key, what no key may hold, by name. */
export const notGrantableToApiKey = (wanted: PermissionSet): string[] =>
  wanted.filter(
    (pattern) =>
      pattern !== '*' && validatePermission(pattern) === undefined && missingPermissions(apiKeyPermissions, [pattern]).length > 0,
  )

/** What may be done here while acting for an end user; the rest rides along for other services. */
export const isAllowedForEndUser = (permission: string): boolean => hasPermission(endUserReach, permission)

/** Why a text cannot be granted, as a sentence; undefined when it can. */
export function validatePermission(text: string): string | undefined {
  const parsed = parsePermission(text)
  if (!parsed) return 'must be "resource:action" in lower case, "resource:*", "application:*" or "*", with at most 150 characters'
  const { resource, action } = parsed
  if (resource === 'application' && action !== '*')
    return 'may be "application:*" only: "application" stands for every resource of your own'
  const known = listActions.get(resource)
  if (!known || action === '*' || known.includes('*') || known.includes(action)) return undefined
  return `is not a permission of Keyhouse; did you mean "${resource}:${closestMatch(action, known)}"?`
}

function closestMatch(word: string, candidates: readonly string[]): string {
  const ranked = candidates.toSorted((a, b) => levenshtein(word, a) - levenshtein(word, b))
  return ranked[0] ?? ''
}

/** Levenshtein's distance. */
function levenshtein(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length] ?? 0
}

/** The grammar of permissions: `resource:action`, `resource:*`, `application:*` and `*`. What each means: access/permissions.ts. */

const word = /^[a-z][a-z0-9_]*$/

const toolName = /^[A-Za-z0-9_.-]{1,128}$/

/** Longest permission that a grant may hold, in characters. */
export const maxPermissionLength = 150

export interface ParsedPermission {
  readonly resource: string
  readonly action: string
}

/** Undefined when the text is not a permission; `*` parses as `{ resource: '*', action: '*' }`. */
export function parsePermission(text: string): ParsedPermission | undefined {
  if (text.length > maxPermissionLength) return undefined
  if (text === '*') return { resource: '*', action: '*' }
  const colon = text.indexOf(':')
  if (colon < 0) return undefined
  const resource = text.slice(0, colon)
  const action = text.slice(colon + 1)
  if (!word.test(resource)) return undefined
  const isAction = action === '*' || (resource === 'mcp_tool' ? toolName : word).test(action)
  return isAction ? { resource, action } : undefined
}
