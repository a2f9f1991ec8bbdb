/** Derives the expected outcome of each operation for each kind of caller from the authorization rules. */
import { permissions } from '../../src/access/permission-definitions.js'
import { hasPermission, isAllowedForEndUser, rolePermissions } from '../../src/access/permissions.js'
import type { CallerName, Operation, Outcome } from './operations.js'

export const callerNames: readonly CallerName[] = [
  'anonymous',
  'sandbox key with nothing',
  'sandbox key with *',
  'sandbox key with exactly the permission',
  'production key with *',
  'key with * for an end user',
  'access token with *',
  'ADMIN',
  'MEMBER',
  'READER',
  'reduced token with exactly the permission',
  'reduced token without it',
]

/** Expected outcome with variables that are valid in the caller's scope. */
export function expectedOutcome(name: CallerName, operation: Operation): Outcome {
  const exception = operation.except?.[name]
  if (exception) return exception
  const { permission, callers: kinds, isForEndUsers, withoutPermission = 'FORBIDDEN' } = operation
  if (kinds === 'anyone') return 'OK'
  if (name === 'anonymous') return 'UNAUTHENTICATED'
  const isToken = name === 'access token with *'
  const isPerson = !isToken && !name.includes('key')
  if (kinds && (isToken || (kinds === 'people') !== isPerson)) return 'FORBIDDEN'
  if ((isToken || name === 'key with * for an end user') && !(permission ? isAllowedForEndUser(permission) : isForEndUsers))
    return withoutPermission
  if (!isHeld(name, permission)) return withoutPermission
  if (operation.isSandboxOnly && name.startsWith('production')) return 'PRODUCTION_NOT_SUPPORTED'
  return 'OK'
}

function isHeld(name: CallerName, permission: Operation['permission']): boolean {
  if (permission === null) return true
  if (name === 'ADMIN' || name === 'MEMBER' || name === 'READER') return hasPermission(rolePermissions[name], permission)
  if (name.includes('exactly')) return true
  return name.includes('*') && permissions[permission].grantableToApiKey
}
