/** Responses to authorization requests: redirects to the client with a code or an error (RFC 6749 §4.1.2, RFC 9207). */
import type { FastifyReply } from 'fastify'

import { html } from '../pages/html.js'
import { sendPage, sendRedirect } from '../pages/page.js'

/** Error codes of RFC 6749 §4.1.2.1, RFC 8707 §2 and OpenID Connect Core 1.0 §3.1.2.6. */
export type AuthorizationErrorCode =
  | 'invalid_request'
  | 'unsupported_response_type'
  | 'invalid_scope'
  | 'invalid_target'
  | 'access_denied'
  | 'login_required'
  | 'consent_required'

/** Refusal that the client is told. */
export class AuthorizationError extends Error {
  override readonly name = 'AuthorizationError'

  constructor(
    readonly code: AuthorizationErrorCode,
    /** `error_description`: printable ASCII without quotation marks and backslashes. */
    message: string,
  ) {
    super(message)
  }
}

/** Where an answer goes. */
export interface ResponseTarget {
  /** Identifier of the issuer, as its metadata has it. */
  readonly issuer: string
  readonly redirectUri: string
  readonly state: string | undefined
}

function responseUrl({ issuer, redirectUri, state }: ResponseTarget, parameters: Readonly<Record<string, string>>): string {
  const url = new URL(redirectUri)
  // `iss` in each response prevents mix-up attacks (RFC 9207 §2).
  for (const [name, value] of Object.entries({ ...parameters, ...(state === undefined ? {} : { state }), iss: issuer }))
    url.searchParams.append(name, value)
  return url.href
}

export const codeUrl = (target: ResponseTarget, code: string): string => responseUrl(target, { code })

const errorUrl = (target: ResponseTarget, { code, message }: AuthorizationError): string =>
  responseUrl(target, { error: code, error_description: message })

export const sendError = (reply: FastifyReply, target: ResponseTarget, error: AuthorizationError): FastifyReply =>
  sendRedirect(reply, errorUrl(target, error))

/**
 * Error before the end user has seen a page: anybody may have registered the client, and a redirect would lend this origin's
 * name to its site. The end user decides (RFC 9700 §4.11.2).
 */
export const sendErrorLink = (reply: FastifyReply, target: ResponseTarget, error: AuthorizationError, host: string): FastifyReply =>
  sendPage(reply, {
    status: 400,
    title: 'The application sent a request that is not valid',
    body: html`<p>${error.message}</p>
      <p><a href="${errorUrl(target, error)}" rel="noreferrer">Go back to ${host}</a></p>`,
  })
