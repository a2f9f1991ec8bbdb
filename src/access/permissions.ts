/** Permission sets: parsing, matching, intersection and difference of patterns. */
import type { MemberRole } from '../entities/enums.js'
import { closestMatch } from '../lib/closest-match.js'
import { permissions, type KeyhousePermission } from './permission-definitions.js'

const namePattern = /^[a-z][a-z0-9_]*$/
const toolNamePattern = /^[A-Za-z0-9_.-]{1,128}$/

/** Maximum length of a permission, in characters. */
export const maxPermissionLength = 150

/** Resource and action of a permission pattern. */
export interface ParsedPermission {
  readonly resource: string
  readonly action: string
}

/** Permission patterns, as granted. */
export type PermissionSet = readonly string[]

const names = Object.keys(permissions) as KeyhousePermission[]
/** Actions of each built-in resource. */
const actionsByResource = new Map<string, string[]>()
for (const name of names) {
  const [resource, action] = name.split(':') as [string, string]
  actionsByResource.set(resource, [...(actionsByResource.get(resource) ?? []), action])
}

/** Whether Keyhouse defines the resource. Every other resource belongs to an application. */
const isBuiltInResource = (resource: string): boolean => actionsByResource.has(resource)

/** Whether other services interpret the permission, and Keyhouse only stores it. `application:*` is such a permission. */
export const isApplicationPermission = (permission: string): boolean =>
  permission !== '*' && !isBuiltInResource(permission.slice(0, permission.indexOf(':')))

/** Permissions that an API key may hold: the meaning of `*` on a key. */
const apiKeyPermissions: PermissionSet = ['application:*', ...names.filter((name) => permissions[name].grantableToApiKey)]
const endUserPermissions: PermissionSet = names.filter((name) => permissions[name].allowedForEndUser)

/** Permissions of each member role. */
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

/** Expands a wildcard over built-in resources to the permissions that it covers; any other pattern stands alone. */
function expand(pattern: string): readonly string[] {
  if (pattern === '*') return ['application:*', ...names]
  const [resource, action] = pattern.split(':') as [string, string]
  const builtIn = actionsByResource.get(resource)
  return action === '*' && builtIn && !builtIn.includes('*') ? builtIn.map((name) => `${resource}:${name}`) : [pattern]
}

/** Pattern of the set that grants the permission; undefined if none does. */
export const findGrant = (set: PermissionSet, permission: string): string | undefined => set.find((pattern) => covers(pattern, permission))

/** Whether any pattern of the set covers the permission. */
export const hasPermission = (set: PermissionSet, permission: string): boolean => findGrant(set, permission) !== undefined

/** Permissions of `requested` that the set does not hold; empty if it holds all. */
export function missingPermissions(set: PermissionSet, requested: PermissionSet): string[] {
  return requested.flatMap((pattern) => {
    if (hasPermission(set, pattern)) return []
    const missing = expand(pattern).filter((permission) => !hasPermission(set, permission))
    return missing.length === expand(pattern).length ? [pattern] : missing
  })
}

/** Permissions that both sets hold; of two overlapping patterns, the narrower one. */
export function intersection(a: PermissionSet, b: PermissionSet): string[] {
  const both = a.flatMap((x) => b.flatMap((y) => (covers(x, y) ? [y] : covers(y, x) ? [x] : [])))
  return [...new Set(both)].filter((x, _, all) => !all.some((y) => y !== x && covers(y, x)))
}

/** Effective permissions of an API key: `*` becomes every permission that a key may hold. */
export const expandKeyWildcard = (granted: PermissionSet): PermissionSet => (granted.includes('*') ? apiKeyPermissions : granted)

/** Permissions of `requested` that the set does not hold, where `*` means every permission that an API key may hold. */
export const missingKeyPermissions = (set: PermissionSet, requested: PermissionSet): string[] =>
  requested.flatMap((pattern) => {
    const expanded = expandKeyWildcard([pattern])
    const missing = missingPermissions(set, expanded)
    return missing.length === expanded.length ? [pattern] : missing
  })

/** Permissions of `requested` that no API key may hold. */
export const notGrantableToApiKey = (requested: PermissionSet): string[] =>
  requested.filter(
    (pattern) =>
      pattern !== '*' && validatePermission(pattern) === undefined && missingPermissions(apiKeyPermissions, [pattern]).length > 0,
  )

/** Whether an API key can hold the permission. A wildcard on a key never covers one that was added to its resource since. */
export const isAllowedForApiKey = (permission: string): boolean => hasPermission(apiKeyPermissions, permission)

/** Whether an actor may use the permission here on behalf of an end user. The credential carries the rest for other services. */
export const isAllowedForEndUser = (permission: string): boolean => hasPermission(endUserPermissions, permission)

/** Validates a permission for a grant. Returns the issue as the rest of a sentence; undefined if valid. */
export function validatePermission(text: string): string | undefined {
  const parsed = parsePermission(text)
  if (!parsed) return 'must be "resource:action" in lower case, "resource:*", "application:*" or "*", of at most 150 characters'
  const { resource, action } = parsed
  if (resource === 'application' && action !== '*')
    return 'must be "application:*": the resource "application" has no single actions, and stands for all permissions of your own services'
  const known = actionsByResource.get(resource)
  if (!known || action === '*' || known.includes('*') || known.includes(action)) return undefined
  return `is not a permission of Keyhouse; did you mean "${resource}:${closestMatch(action, known)?.word}"?`
}

/**
 * Parses `resource:action`, `resource:*`, `application:*` or `*`, which becomes `{ resource: '*', action: '*' }`.
 * Returns undefined for any other text.
 */
export function parsePermission(text: string): ParsedPermission | undefined {
  if (text.length > maxPermissionLength) return undefined
  if (text === '*') return { resource: '*', action: '*' }
  const colon = text.indexOf(':')
  if (colon < 0) return undefined
  const resource = text.slice(0, colon)
  const action = text.slice(colon + 1)
  if (!namePattern.test(resource)) return undefined
  const isAction = action === '*' || (resource === 'mcp_tool' ? toolNamePattern : namePattern).test(action)
  return isAction ? { resource, action } : undefined
}
