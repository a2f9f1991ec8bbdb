/** Makes the grant of a consent, at once or after an account was connected. */
import { DomainError } from '../../lib/errors.js'
import { createGrant } from '../../oauth/grants/create-grant.js'
import { PageError } from '../../oauth/page-error.js'
import type { BrowserSessionContext } from '../pages/find-browser-session.js'
import { codeUrl } from './authorization-response.js'
import type { ConsentTicket } from './consent-ticket.js'

/** @throws PageError for a ticket of another session */
export function requireSession(session: BrowserSessionContext | null, { sessionId }: ConsentTicket): BrowserSessionContext {
  if (session?.id !== sessionId) throw new PageError('SESSION_ENDED')
  return session
}

/** Returns the URL that brings the code to the client. @throws PageError */
export async function grantConsent(session: BrowserSessionContext, ticket: ConsentTicket): Promise<string> {
  try {
    const code = await createGrant(requireSession(session, ticket).ctx, ticket)
    return codeUrl(ticket.target, code.reveal())
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    throw error.code === 'CONFLICT' ? new PageError('CONSENT_USED') : new PageError('CONSENT_CHANGED', { detail: error.message })
  }
}
