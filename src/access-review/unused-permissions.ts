/** Permissions of an API key that nothing recorded has exercised (docs/decisions/0204). In doubt a permission counts as exercised. */
import { getAction, type Action } from '../access/actions.js'
import { operationPermissions } from '../access/operations.js'
import { intersection } from '../access/permissions.js'
import type { Context } from '../context/context.js'
import { maxCountedRows, tokensOfKey, toolsOfKey } from '../database/queries/key-activity.js'
import type { ApiKey } from '../entities/api-key.js'
import { acceptedUrls } from '../lib/issuer.js'
import { toolPermission } from '../mcp/tool-access.js'
import { operationActivity, readActions } from './key-activity.js'

/** Null without `usage:read`. The permissions are as granted; `updateApiKey` can leave them out. */
export async function unusedPermissions(ctx: Context, key: ApiKey, since: Date): Promise<string[] | null> {
  const operations = await operationActivity(ctx, key, since)
  if (!operations) return null
  const used = operations.filter(({ requests, denied }) => requests > denied).map(({ operation }) => operation ?? '')
  const exercised = [
    ...used.flatMap((operation) => operationPermissions(operation)),
    ...(await actionsExercised(ctx, key, since)),
    ...(await tokensExercised(ctx, key, since, used.includes('mcp:tools/call'))),
  ]
  return key.permissions.filter((pattern) => intersection([pattern], exercised).length === 0)
}

/** Audited changes and tool calls of the key itself. The trail has what usage may have lost in a crash. */
async function actionsExercised(ctx: Context, key: ApiKey, since: Date): Promise<string[]> {
  const allowed = (await readActions(ctx, key, since)).filter(({ outcome }) => outcome === 'ALLOWED')
  const permissions = allowed.flatMap(({ action }) => getAction(action as Action).permission ?? [])
  return allowed.some(({ action }) => action === 'mcp_tool:call')
    ? [...permissions, ...(await toolsExercised(ctx, key, since))]
    : permissions
}

async function toolsExercised(ctx: Context, key: ApiKey, since: Date): Promise<string[]> {
  const rows = await ctx.query(toolsOfKey(key, since))
  const calls = rows.reduce((sum, { count }) => sum + Number(count), 0)
  // Older calls than those looked at may be of any tool.
  const tools = calls > maxCountedRows ? [toolPermission('*')] : rows.map(({ tool }) => toolPermission(String(tool)))
  return ['mcp_server:use', ...tools]
}

/** Permissions that the trail does not attribute to the key: tool calls with its tokens, and permissions of other services. */
async function tokensExercised(ctx: Context, key: ApiKey, since: Date, hasToolCalls: boolean): Promise<string[]> {
  const [row] = await ctx.query(tokensOfKey(key, acceptedUrls(ctx.services.config), since))
  const tokens = Number(row?.['tokens'])
  const mayCallTools = hasToolCalls && (Number(row?.['own']) > 0 || tokens > maxCountedRows)
  const mayServeOthers = tokens > 0 || (key.lastUsedAt !== null && key.lastUsedAt >= since)
  return [...(mayCallTools ? [toolPermission('*')] : []), ...(mayServeOthers ? ['application:*'] : [])]
}
