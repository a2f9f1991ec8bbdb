/** Permissions of the signed-in user, by the same rules as the server's. */
import { usePermissionDefinitions, useViewer } from '@keyhouse/client/react'

/** Whether pattern `wide` covers all of pattern `narrow`. `builtIn` has the resources that Keyhouse defines. */
function covers(wide: string, narrow: string, builtIn: ReadonlySet<string>): boolean {
  if (wide === narrow || wide === '*') return true
  if (narrow === '*' || !wide.endsWith(':*')) return false
  const resource = resourceOf(narrow)
  if (wide === 'application:*') return !builtIn.has(resource) && resource !== 'application'
  return wide === `${resource}:*`
}

/** Resource of a permission such as `api_key:read`. */
export const resourceOf = (permission: string): string => permission.slice(0, permission.indexOf(':'))

/** Resources of a list of permissions such as `api_key:read`. */
export const resourcesOf = (permissions: readonly string[]): ReadonlySet<string> => new Set(permissions.map(resourceOf))

/** Whether any pattern of the set covers the permission. */
export const holds = (set: readonly string[], permission: string, builtIn: ReadonlySet<string>): boolean =>
  set.some((pattern) => covers(pattern, permission, builtIn))

export interface Access {
  /** Whether the user holds the permission. */
  readonly can: (permission: string) => boolean
  /** Reason for a disabled control; undefined if the user holds the permission. */
  readonly needs: (permission: string) => string | undefined
}

/** Access of the signed-in user. The server decides; this only explains beforehand. */
export function useAccess(): Access {
  const { data: viewer } = useViewer()
  const { data: definitions } = usePermissionDefinitions({ staleTime: Infinity })
  const builtIn = resourcesOf(definitions?.map(({ permission }) => permission) ?? [])
  const can = (permission: string): boolean => holds(viewer?.permissions ?? [], permission, builtIn)
  return { can, needs: (permission) => (can(permission) ? undefined : `Needs ${permission}. Ask an ADMIN.`) }
}
