/** Starts to connect an account of an end user: authorizes, looks the server up outside any transaction, then stores a link. */
import type { Context } from '../../context/context.js'
import { authorizeRead } from '../../context/perform.js'
import type { McpServer } from '../../entities/mcp-server.js'
import { findLatestCredential } from '../credentials/select-credential.js'
import { findMcpServer } from '../find-mcp-server.js'
import { acquireExchangeSlot } from '../in-flight.js'
import { planConnection } from './plan-connection.js'
import { assertConfigured, requireEndUser, storeConnection, type StartedConnection } from './store-connection.js'

/** @throws DomainError FORBIDDEN, NOT_FOUND, CONFLICT or one of OAuth; RequestError CONCURRENCY_LIMITED */
export async function startMcpConnection(ctx: Context, input: { readonly serverId: string }): Promise<StartedConnection> {
  const release = acquireExchangeSlot(ctx, 'call')
  try {
    return await startConnection(ctx, input.serverId)
  } finally {
    release()
  }
}

async function startConnection(ctx: Context, serverId: string): Promise<StartedConnection> {
  // Rows read earlier in this request may be stale.
  ctx.clearCaches()
  const { server, neededScopes } = await authorizeRead(ctx, 'mcp_connection:start', async ({ actor, now, permit }) => {
    permit({ requestedId: serverId })
    const found = await findMcpServer(ctx.em, serverId, 'serverId')
    permit(found)
    await assertConfigured(ctx.em, found)
    requireEndUser(actor)
    return { server: found, neededScopes: (await findLatestCredential(ctx.em, actor, found, now))?.neededScopes ?? [] }
  })
  const plan = await planConnection(ctx, server, neededScopes).catch((error: unknown) => refuse(ctx, server, error))
  return storeConnection(ctx, server, plan, 'mcp_connection:start')
}

/** Records a refusal that the network gave, as one of our own. */
const refuse = (ctx: Context, server: McpServer, error: unknown): Promise<never> =>
  authorizeRead(ctx, 'mcp_connection:start', ({ permit }) => {
    permit(server)
    throw error
  })
