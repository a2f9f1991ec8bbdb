/** Tool filter: a caller may use the tools that the server's allow-list and the caller's permissions both allow. */
import { can, type Actor } from '../access/actor.js'
import type { McpServer } from '../entities/mcp-server.js'
import { isJsonObject, type JsonObject } from '../lib/json/json-rpc.js'
import type { SlicedComputation } from '../lib/slices.js'

const toolName = /^[A-Za-z0-9_.-]{1,128}$/

export type ToolFilter = (name: unknown) => boolean

/** Tools processed between two yields. */
const stride = 64

/** Returns the predicate for one caller and server. */
export function createToolFilter(actor: Actor, { allowedTools }: McpServer): ToolFilter {
  const listed = allowedTools && new Set(allowedTools)
  return (name) =>
    typeof name === 'string' && toolName.test(name) && (listed === null || listed.has(name)) && can(actor, `mcp_tool:${name}`)
}

/** Removes tools that the caller may not use from any message with `result.tools`, whatever request it answers. */
export function* filterTools(message: JsonObject, isAllowed: ToolFilter): SlicedComputation<JsonObject> {
  const { result } = message
  if (!isJsonObject(result) || !Array.isArray(result['tools'])) return message
  const tools: unknown[] = []
  for (const [i, tool] of (result['tools'] as readonly unknown[]).entries()) {
    if (i % stride === 0) yield
    if (isJsonObject(tool) && isAllowed(tool['name'])) tools.push(tool)
  }
  return { ...message, result: { ...result, tools } }
}
