/**
 * Consent ticket: the request that a consent page is about, sealed for one session of one end user. Only that page has it, so it
 * also proves that the form was not forged (RFC 9700 §4.16 and §4.7).
 */
import type { Services } from '../../context/services.js'
import { addSeconds } from '../../lib/clock.js'
import { open, seal, SealError } from '../../lib/crypto/seal.js'
import type { Issuer } from '../../lib/issuer.js'
import type { CreateGrantArgs } from '../../oauth/grants/create-grant.js'
import { PageError } from '../../oauth/page-error.js'
import type { ResponseTarget } from './authorization-response.js'

/** Seconds in which the end user must answer. */
export const consentTtlSeconds = 600

/** `permissions` are those that the page offers. */
export interface ConsentTicket extends CreateGrantArgs {
  readonly target: ResponseTarget
  readonly projectId: string
  readonly sessionId: string
  /** The end user has allowed all of `permissions`. What is open is whether it connects an account. */
  readonly isAnswered?: true
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/** Path that takes the form. */
export const consentPath = ({ organizationId, environment }: Issuer): string =>
  `/o/${organizationId}/${environment.toLowerCase()}/oauth/consent`

const aad = ({ organizationId, environment }: Issuer): string[] => ['oauth_consent', organizationId, environment]

export const sealTicket = ({ masterKeys, clock }: Services, issuer: Issuer, ticket: Omit<ConsentTicket, 'expiresAt'>): string =>
  seal(masterKeys, aad(issuer), JSON.stringify({ ...ticket, expiresAt: addSeconds(clock(), consentTtlSeconds).getTime() }))

/** @throws PageError for a forged or expired ticket, and for one of another issuer */
export function openTicket({ masterKeys, clock }: Services, issuer: Issuer, text: string | undefined): ConsentTicket {
  try {
    const ticket = JSON.parse(open(masterKeys, aad(issuer), text ?? '')) as ConsentTicket
    if (ticket.expiresAt <= clock().getTime()) throw new PageError('CONSENT_EXPIRED')
    return ticket
  } catch (error) {
    throw error instanceof SealError ? new PageError('CONSENT_INVALID', { cause: error }) : error
  }
}
