/** The grammar of permissions: `resource:action`, `resource:*`, `application:*` and `*`. What each means: access/permissions.ts. */

const word = /^[a-z][a-z0-9_]*$/
const toolName = /^[A-Za-z0-9_.-]{1,128}$/

/** Longest permission that a grant may hold, in characters. */
export const longestPermission = 150

export interface ParsedPermission {
  readonly resource: string
  readonly action: string
}

/** Undefined when the text is not a permission; `*` parses as `{ resource: '*', action: '*' }`. */
export function parsePermission(text: string): ParsedPermission | undefined {
  if (text.length > longestPermission) return undefined
  if (text === '*') return { resource: '*', action: '*' }
  const colon = text.indexOf(':')
  if (colon < 0) return undefined
  const resource = text.slice(0, colon)
  const action = text.slice(colon + 1)
  if (!word.test(resource)) return undefined
  const isAction = action === '*' || (resource === 'mcp_tool' ? toolName : word).test(action)
  return isAction ? { resource, action } : undefined
}
