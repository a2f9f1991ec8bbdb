/** What usage and the log call a message: a closed list, since a method that a client makes up would make up rows. */
import type { JsonRpcMessage } from '../lib/json/json-rpc.js'

/** Of every protocol version up to 2026-07-28; what is not among them passes all the same. */
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

/** `mcp:tools/list`; `mcp:response` to what the server asked, `mcp:get` and `mcp:delete` without a message. */
export function usageLabel(httpMethod: string, message: JsonRpcMessage | null): string {
  if (!message) return `mcp:${httpMethod.toLowerCase()}`
  if (message.method === null) return 'mcp:response'
  return `mcp:${methods.has(message.method) ? message.method : 'other'}`
}
