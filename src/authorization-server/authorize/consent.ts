/** Consent endpoint of each issuer: the answer of the end user to the consent page. */
import type { FastifyReply, FastifyRequest } from 'fastify'

import type { Services } from '../../context/services.js'
import { assertSameOrigin } from '../../http/same-origin.js'
import { DomainError } from '../../lib/errors.js'
import type { Secret } from '../../lib/secret.js'
import { createGrant } from '../../oauth/grants/create-grant.js'
import { PageError } from '../../oauth/page-error.js'
import type { Form } from '../form.js'
import type { AddressedIssuer } from '../issuer-route.js'
import { findBrowserSession, type BrowserSessionContext } from '../pages/find-browser-session.js'
import { AuthorizationError, sendCode, sendError } from './authorization-response.js'
import { choiceName } from './consent-page.js'
import { openTicket, type ConsentTicket } from './consent-ticket.js'

/** @throws PageError */
async function requireSession(
  services: Services,
  http: FastifyRequest,
  issuer: AddressedIssuer,
  ticket: ConsentTicket,
): Promise<BrowserSessionContext> {
  const { organizationId, environment } = issuer
  const session = await findBrowserSession(services, http, { organizationId, environment, projectId: ticket.projectId })
  if (session?.id !== ticket.sessionId) throw new PageError('CONSENT_OTHER_SESSION')
  return session
}

/** The first permission is always part of a grant, and the others as the end user left their boxes. */
const chosenPermissions = ({ permissions }: ConsentTicket, form: Form): string[] =>
  permissions.filter((_permission, i) => i === 0 || form.get(choiceName(i)) === 'on')

const grant = ({ ctx }: BrowserSessionContext, ticket: ConsentTicket, form: Form): Promise<Secret> =>
  createGrant(ctx, { ...ticket, permissions: chosenPermissions(ticket, form) }).catch((error: unknown) => {
    if (!(error instanceof DomainError)) throw error
    throw error.code === 'CONFLICT' ? new PageError('CONSENT_USED') : new PageError('CONSENT_CHANGED', { detail: error.message })
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
  const session = await requireSession(services, http, issuer, ticket)
  const decision = form.get('decision')
  if (decision === 'deny') {
    const denial = new AuthorizationError('access_denied', 'The end user denied the request.')
    http.state.codes = [denial.code]
    return sendError(reply, ticket.target, denial)
  }
  if (decision !== 'allow') throw new PageError('CONSENT_INVALID')
  return sendCode(reply, ticket.target, (await grant(session, ticket, form)).reveal())
}
