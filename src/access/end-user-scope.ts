/** Decides which end users an API key may act for and name. Pure functions of the scope and the external id. */
import type { EndUserScope } from '../entities/end-user-scope.js'
import { forbidden } from '../lib/errors.js'
import type { Actor } from './actor.js'

/** The same whether the end user is recorded or not, so that a refusal does not reveal it. */
export const endUserNotAllowedMessage =
  'This API key may not act for this end user. Use an end user that "endUsers" of the key allows, or another key.'

/** Whether the scope has the end user. External ids are compared byte for byte. */
export function allowsEndUser(scope: EndUserScope, externalId: string): boolean {
  if (scope === null) return true
  if (scope.mode === 'LISTED') return scope.externalIds.includes(externalId)
  return scope.mode === 'PREFIX' && externalId.startsWith(scope.prefix)
}

/** Whether every end user of the narrow scope is in the wide one. */
export function coversScope(wide: EndUserScope, narrow: EndUserScope): boolean {
  if (wide === null || narrow?.mode === 'NOBODY') return true
  if (narrow === null || wide.mode === 'NOBODY') return false
  if (narrow.mode === 'PREFIX') return wide.mode === 'PREFIX' && narrow.prefix.startsWith(wide.prefix)
  if (wide.mode === 'PREFIX') return narrow.externalIds.every((externalId) => allowsEndUser(wide, externalId))
  const listed = new Set(wide.externalIds)
  return narrow.externalIds.every((externalId) => listed.has(externalId))
}

/** Check of every argument that names an end user. @throws DomainError FORBIDDEN */
export function assertMayNameEndUser({ apiKey }: Actor, externalId: string, path: readonly string[] | null = null): void {
  if (apiKey && !allowsEndUser(apiKey.endUsers, externalId)) throw forbidden(endUserNotAllowedMessage, path)
}
