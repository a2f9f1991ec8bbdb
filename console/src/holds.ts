/** Matching of permission patterns, by the same rules as the server's src/access/permissions.ts. */

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
