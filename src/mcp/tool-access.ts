/** Tool access: a caller may use the tools that the server's allow-list and the caller's permissions both allow. */
import { can, type Actor } from '../access/actor.js'
import type { McpServer } from '../entities/mcp-server.js'

const toolName = /^[A-Za-z0-9_.-]{1,128}$/

export const isToolName = (name: unknown): name is string => typeof name === 'string' && toolName.test(name)

/** Permission to call the tool. */
export const toolPermission = (tool: string): string => `mcp_tool:${tool}`

/** Whether a message to the gateway needs the permission. */
export const isGatewayPermission = (permission: string): boolean =>
  permission === 'mcp_server:use' || permission.startsWith(toolPermission(''))

/** Returns the predicate of the server's `allowedTools`; null there allows every tool. */
export function createAllowList({ allowedTools }: Pick<McpServer, 'allowedTools'>): (tool: string) => boolean {
  const listed = allowedTools && new Set(allowedTools)
  return (tool) => listed === null || listed.has(tool)
}

export type ToolFilter = (name: unknown) => boolean

/** Returns the predicate for one caller and server. */
export function createToolFilter(actor: Actor, server: McpServer): ToolFilter {
  const isListed = createAllowList(server)
  return (name) => isToolName(name) && isListed(name) && can(actor, toolPermission(name))
}

/** Whether a person must approve each tool call of the server. */
export const requiresApproval = ({ requireApproval }: Pick<McpServer, 'requireApproval'>): boolean => requireApproval === 'ALWAYS'
