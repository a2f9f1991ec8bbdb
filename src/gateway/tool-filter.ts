/** Which tools a caller sees and calls: those that the server's list and the caller's permissions both allow. */
import { can, type Actor } from '../access/actor.js'
import type { McpServer } from '../entities/mcp-server.js'
import { isJsonObject, type JsonObject } from '../lib/json/json-rpc.js'
import type { Work } from '../lib/slices.js'

const toolName = /^[A-Za-z0-9_.-]{1,128}$/

export type ToolFilter = (name: unknown) => boolean

/** Tools between two pauses. */
const stride = 64

export function toolRule(actor: Actor, { allowedTools }: McpServer): ToolFilter {
  const listed = allowedTools && new Set(allowedTools)
  return (name) =>
    typeof name === 'string' && toolName.test(name) && (listed === null || listed.has(name)) && can(actor, `mcp_tool:${name}`)
}

/** The message without the tools that are not the caller's, whichever request and stream it answers. */
export function* filterTools(message: JsonObject, isAllowed: ToolFilter): Work<JsonObject> {
  const { result } = message
  if (!isJsonObject(result) || !Array.isArray(result['tools'])) return message
  const tools: unknown[] = []
  for (const [i, tool] of (result['tools'] as readonly unknown[]).entries()) {
    if (i % stride === 0) yield
    if (isJsonObject(tool) && isAllowed(tool['name'])) tools.push(tool)
  }
  return { ...message, result: { ...result, tools } }
}
