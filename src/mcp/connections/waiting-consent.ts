/** Consent to an OAuth client that waits until an account is connected, and then continues. */
import type { Context } from '../../context/context.js'
import { consentAad, McpConnection } from '../../entities/mcp-connection.js'
import { open } from '../../lib/crypto/seal.js'
import { isId } from '../../lib/id.js'

/**
 * Call it before the connection is used, which wipes it. Null where none waits, and for the link of another end user.
 * @param ctx of the browser session
 */
export async function findWaitingConsent(ctx: Context, connectionId: string): Promise<string | null> {
  if (!isId(connectionId, 'mcp_con')) return null
  const connection = await ctx.em.findOne(McpConnection, { id: connectionId, usedAt: null, expiresAt: { $gt: ctx.now() } })
  if (!connection?.sealedConsent) return null
  return open(ctx.services.masterKeys, consentAad(connection), connection.sealedConsent)
}
