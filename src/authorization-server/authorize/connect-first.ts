/**
 * Consent to a client of an MCP server that needs an account which the end user has not connected: the browser is led to connect
 * it, and from there to the client. The code is made afterwards, since it is valid for a minute.
 */
import type { Services } from '../../context/services.js'
import { offerMcpConnection } from '../../mcp/connections/offer-mcp-connection.js'
import { findWaitingConsent } from '../../mcp/connections/waiting-consent.js'
import { acquireExchangeSlot } from '../../mcp/in-flight.js'
import { findServerWithCredential, needsConnection } from '../../mcp/servers/find-server-with-credential.js'
import type { Continuation } from '../../oauth/page-error.js'
import type { BrowserSessionContext } from '../pages/find-browser-session.js'
import { redirectSource } from './consent-page.js'
import { consentPath, sealTicket, type ConsentTicket } from './consent-ticket.js'

/** Link to connect the account. Null where none is needed or can be made: no failure of it may keep the code from the client. */
export async function findConnectUrl({ ctx }: BrowserSessionContext, answered: ConsentTicket): Promise<string | null> {
  const { services } = ctx
  // Links are of the current origin, and a browser at the previous one is not signed in there.
  if (!answered.target.issuer.startsWith(`${services.config.url}/`)) return null
  const found = await findServerWithCredential(ctx, answered.serverId)
  if (!found || !needsConnection(found)) return null
  try {
    const release = acquireExchangeSlot(ctx, 'call')
    try {
      return (await offerMcpConnection(ctx, found.server, JSON.stringify(answered)))?.url ?? null
    } finally {
      release()
    }
  } catch (error) {
    services.log.warn({ err: error, serverId: answered.serverId }, 'no link to connect an account could be made')
    return null
  }
}

/** The consent that waits for a connection, if this session gave it. */
export async function findAnswer({ ctx, id }: BrowserSessionContext, connectionId: string): Promise<ConsentTicket | null> {
  const consent = await findWaitingConsent(ctx, connectionId)
  const answered = consent === null ? null : (JSON.parse(consent) as ConsentTicket)
  return answered?.sessionId === id ? answered : null
}

/** Continues to the client without the account. The form is a consent form again, so it makes the same grant, and once. */
export const continuation = (services: Services, session: BrowserSessionContext, answered: ConsentTicket): Continuation => ({
  clientName: answered.client.name,
  action: consentPath(session),
  fields: { request: sealTicket(services, session, answered), decision: 'allow' },
  formAction: [`'self'`, redirectSource(answered.redirectUri)],
})
