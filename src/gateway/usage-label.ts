/** Labels a message for usage and the log. A closed list: unknown methods would create rows without bound. */
import type { JsonRpcMessage } from '../lib/json/json-rpc.js'

/** Methods of every protocol version up to 2026-07-28. Other methods are forwarded too, and labelled `mcp:other`. */
const methods: ReadonlySet<string> = new Set([
  'completion/complete',
  'initialize',
  'logging/setLevel',
  'notifications/cancelled',
  'notifications/initialized',
  'notifications/progress',
  'notifications/roots/list_changed',
  'ping',
  'prompts/get',
  'prompts/list',
  'resources/list',
  'resources/read',
  'resources/subscribe',
  'resources/templates/list',
  'resources/unsubscribe',
  'server/discover',
  'subscriptions/listen',
  'tasks/cancel',
  'tasks/get',
  'tasks/list',
  'tasks/result',
  'tasks/update',
  'tools/call',
  'tools/list',
])

/** `mcp:tools/list`; `mcp:response` for a response to the server's request; `mcp:get` and `mcp:delete` without a message. */
export function usageLabel(httpMethod: string, message: JsonRpcMessage | null): string {
  if (!message) return `mcp:${httpMethod.toLowerCase()}`
  if (message.method === null) return 'mcp:response'
  return `mcp:${methods.has(message.method) ? message.method : 'other'}`
}
