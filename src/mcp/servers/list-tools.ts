/** Lists the tools of an MCP server, page by page. */
import { OutboundError } from '../../outbound/outbound-error.js'
import type { Outbound } from '../../outbound/outbound.js'
import { connect, type McpPeer } from './mcp-session.js'
import { maxResponseBytes } from './read-response.js'

/** Bounds a server whose pagination never ends. */
const maxPages = 50

export interface ToolList {
  readonly protocolVersion: string
  readonly toolNames: readonly string[]
}

/** Tool names of all pages. @throws OutboundError or HttpStatusError */
export async function listTools(outbound: Outbound, peer: McpPeer): Promise<ToolList> {
  const { session, protocolVersion } = await connect(outbound, peer)
  const toolNames: string[] = []
  let size = 0
  let cursor: unknown
  for (let page = 1; page === 1 || cursor !== undefined; page++) {
    if (page > maxPages) throw new OutboundError('PROTOCOL_ERROR')
    const { tools, nextCursor } = await session.request('tools/list', cursor === undefined ? {} : { cursor })
    const names = parseToolNames(tools)
    // All pages are returned in one response, so they share the limit of one.
    size += names.reduce((sum, name) => sum + Buffer.byteLength(name), 0)
    if (size > maxResponseBytes) throw new OutboundError('PROTOCOL_ERROR')
    toolNames.push(...names)
    cursor = nextCursor ?? undefined
  }
  await session.end().catch(() => undefined)
  return { protocolVersion, toolNames }
}

function parseToolNames(tools: unknown): string[] {
  if (!Array.isArray(tools)) throw new OutboundError('PROTOCOL_ERROR')
  return tools.map((tool: unknown) => {
    const name: unknown = Reflect.get(Object(tool), 'name')
    if (typeof name !== 'string') throw new OutboundError('PROTOCOL_ERROR')
    return name
  })
}
