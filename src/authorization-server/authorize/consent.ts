/** Consent endpoint of each issuer: the answer of the end user to the consent page. */
import type { FastifyReply, FastifyRequest } from 'fastify'

import type { Services } from '../../context/services.js'
import { assertSameOrigin } from '../../http/same-origin.js'
import { PageError } from '../../oauth/page-error.js'
import type { Form } from '../form.js'
import type { AddressedIssuer } from '../issuer-route.js'
import { findBrowserSession } from '../pages/find-browser-session.js'
import { sendRedirect } from '../pages/page.js'
import { AuthorizationError, sendError } from './authorization-response.js'
import { findConnectUrl } from './connect-first.js'
import { choiceName } from './consent-page.js'
import { openTicket, type ConsentTicket } from './consent-ticket.js'
import { grantConsent, requireSession } from './grant-consent.js'

/** The first permission is always part of a grant, and the others as the end user left their boxes. */
const answer = (ticket: ConsentTicket, form: Form): ConsentTicket => ({
  ...ticket,
  permissions: ticket.permissions.filter((_permission, i) => i === 0 || form.get(choiceName(i)) === 'on'),
  isAnswered: true,
})

/** @throws PageError; RequestError FORBIDDEN for a form of another site */
export async function answerConsent(
  services: Services,
  issuer: AddressedIssuer,
  http: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  assertSameOrigin(http)
  const form = (http.body ?? new Map()) as Form
  const ticket = openTicket(services, issuer, form.get('request'))
  const { organizationId, environment } = issuer
  const place = { organizationId, environment, projectId: ticket.projectId }
  const session = requireSession(await findBrowserSession(services, http, place), ticket)
  const decision = form.get('decision')
  if (decision === 'deny') {
    const denial = new AuthorizationError('access_denied', 'The end user denied the request.')
    http.state.codes = [denial.code]
    return sendError(reply, ticket.target, denial)
  }
  if (decision !== 'allow') throw new PageError('CONSENT_INVALID')
  if (ticket.isAnswered) return sendRedirect(reply, await grantConsent(session, ticket))
  const answered = answer(ticket, form)
  return sendRedirect(reply, (await findConnectUrl(session, answered)) ?? (await grantConsent(session, answered)))
}
