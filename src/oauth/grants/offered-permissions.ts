/** Permissions that an authorization request may be granted: those that a call of the MCP server needs, within every limit. */
import type { Actor } from '../../access/actor.js'
import { hasPermission, intersection, parsePermission } from '../../access/permissions.js'
import type { McpServer } from '../../entities/mcp-server.js'

/** A token of a grant is accepted at the gateway alone, so that no other permission has a use. */
const usePermission = 'mcp_server:use'
const gatewayPermissions = [usePermission, 'mcp_tool:*']

/** Tools that the end user chooses from one by one, and characters of their permissions, which a token repeats. */
export const maxListedTools = 50
const maxListedLength = 3000

/** Permissions of a `scope` parameter; null without one. `offline_access` and others that are none of Keyhouse's are left out. */
export function parseScope(scope: string | undefined): readonly string[] | null {
  if (scope === undefined) return null
  return [...new Set(scope.split(' '))].filter((name) => parsePermission(name) !== undefined)
}

/** The server's tools by name where it lists few enough, otherwise the patterns, which then cover tools that it allows later. */
function listTools(patterns: readonly string[], { allowedTools }: Pick<McpServer, 'allowedTools'>): readonly string[] {
  const tools = allowedTools?.map((name) => `mcp_tool:${name}`).filter((tool) => hasPermission(patterns, tool))
  return tools && tools.length <= maxListedTools && tools.join(' ').length <= maxListedLength ? tools : patterns
}

/**
 * `mcp_server:use` is first, since nothing works without it. Empty if nothing that was asked for can be granted.
 * @param requested null: everything
 */
export function offeredPermissions(
  { permissions }: Pick<Actor, 'permissions'>,
  server: Pick<McpServer, 'allowedTools'>,
  requested: readonly string[] | null,
): readonly string[] {
  const wanted = requested ? intersection(requested, gatewayPermissions) : gatewayPermissions
  if (wanted.length === 0 || !hasPermission(permissions, usePermission)) return []
  const tools = intersection(wanted, permissions).filter((permission) => permission !== usePermission)
  return [usePermission, ...listTools(tools, server)]
}
