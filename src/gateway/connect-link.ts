/** Link in the `data` of an error, where the end user of the call can connect an account. */
import type { Context } from '../context/context.js'
import type { McpServer } from '../entities/mcp-server.js'
import { offerMcpConnection } from '../mcp/connections/offer-mcp-connection.js'
import { GatewayError } from './gateway-error.js'

export interface ConnectLink {
  readonly connectUrl?: string
  readonly connectUrlExpiresAt?: Date
}

/** Empty where no account can be connected. A failure to make a link must not hide the error that the call has anyway. */
export async function connectLink(ctx: Context, server: McpServer): Promise<ConnectLink> {
  try {
    const offered = await offerMcpConnection(ctx, server)
    return offered ? { connectUrl: offered.url, connectUrlExpiresAt: offered.expiresAt } : {}
  } catch (error) {
    ctx.services.log.warn({ err: error, serverId: server.id }, 'no link to connect an account could be made')
    return {}
  }
}

export const reconnectRequired = (status: number, data: object): GatewayError =>
  new GatewayError(
    status,
    'RECONNECT_REQUIRED',
    'The account must be connected again: its authorization server no longer renews the access. Open "connectUrl", or use startMcpConnection.',
    data,
  )
