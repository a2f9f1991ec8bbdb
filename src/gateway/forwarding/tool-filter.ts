/** Removes the tools that the caller may not use from messages of the upstream server. */
import { isJsonObject, type JsonObject } from '../../lib/json/json-rpc.js'
import type { SlicedComputation } from '../../lib/slices.js'
import type { ToolFilter } from '../../mcp/tool-access.js'

/** Tools processed between two yields. */
const stride = 64

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
