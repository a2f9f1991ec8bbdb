/** Reference model of permission patterns: expands each pattern into the set of permissions that it grants. */
import { permissions } from '../../src/access/permission-definitions.js'

const own = Object.keys(permissions)
const resources = [...new Set(own.map((name) => name.split(':')[0]!))]

/** Representatives of all actions and resources that no pattern below names, so that finite sets can model infinite ones. */
const others = ['agent:whatever', 'tool:whatever', 'whatever:whatever']
const tools = ['mcp_tool:search', 'mcp_tool:whatever']
const applications = ['agent:read', 'agent:create', 'tool:run', ...others]
const universe = [...own.filter((name) => name !== 'mcp_tool:*'), ...tools, ...applications]

export const patterns: readonly string[] = [
  '*',
  'application:*',
  'agent:*',
  'tool:*',
  'agent:read',
  'agent:create',
  'tool:run',
  'mcp_tool:search',
  ...resources.map((resource) => `${resource}:*`),
  ...own,
]

function matches(pattern: string, plain: string): boolean {
  if (pattern === '*' || pattern === plain) return true
  if (pattern === 'application:*') return applications.includes(plain)
  return pattern.endsWith(':*') && plain.startsWith(pattern.slice(0, -1))
}

export const expandPatterns = (set: readonly string[]): Set<string> =>
  new Set(universe.filter((plain) => set.some((pattern) => matches(pattern, plain))))
