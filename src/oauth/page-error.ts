/** Refusals that an end user reads in a browser, in plain words: what is wrong, and what to do. */
import { OpenIdError } from '../openid/openid-provider.js'

const again = 'Go back to the application that sent you here, and connect again.'
const linkAgain = 'Ask the application for a new link.'
const notYou = 'Ask the people who run this service for help, and give them the request id below.'

/** Closed list: the names are codes in the log and labels of metrics. */
export const pageErrors = {
  HTTPS_REQUIRED: {
    status: 403,
    title: 'This page needs https',
    text: 'A sign-in over plain http could be read on the network. Ask the people who run this service to serve it by https.',
  },
  SIGN_IN_INVALID: {
    status: 400,
    title: 'This sign-in is not valid',
    text: `The address of this page is incomplete or was changed. ${again}`,
  },
  SIGN_IN_EXPIRED: { status: 400, title: 'This sign-in took too long', text: `A sign-in must end within 10 minutes. ${again}` },
  SIGN_IN_OTHER_BROWSER: {
    status: 400,
    title: 'This sign-in began in another browser',
    text: `It can only end in the browser where it began, and cookies must be allowed there. If you did not begin it, close this page. ${again}`,
  },
  SIGN_IN_USED: { status: 400, title: 'This sign-in is already complete', text: `It can be used once. ${again}` },
  SIGN_IN_CHANGED: {
    status: 400,
    title: 'The sign-in was changed meanwhile',
    text: `Its settings are no longer those that you began with. ${again}`,
  },
  SIGN_IN_UNAVAILABLE: {
    status: 403,
    title: 'Sign-in is not available here',
    text: `This service does not let applications connect at the moment. ${notYou}`,
  },
  SESSION_ENDED: {
    status: 403,
    title: 'You are no longer signed in',
    text: `Your sign-in has ended, or another one took its place. ${again}`,
  },
  SIGN_IN_BUSY: { status: 503, title: 'Too many people are signing in', text: 'Wait a few seconds, and load this page again.' },
  PROVIDER_UNREACHABLE: {
    status: 502,
    title: 'The sign-in service cannot be reached',
    text: 'It did not answer, or not in time. Try again in a few minutes.',
  },
  PROVIDER_REFUSED: { status: 400, title: 'You were not signed in', text: `The sign-in was cancelled or refused. ${again}` },
  PROVIDER_INVALID: {
    status: 502,
    title: 'The sign-in service gave an answer that cannot be trusted',
    text: `Nobody was signed in. ${notYou}`,
  },
  AUTHORIZATION_INVALID: { status: 400, title: 'The application sent a request that is not valid', text: again },
  SERVER_UNKNOWN: {
    status: 404,
    title: 'There is no such MCP server for you',
    text: 'It was deleted, or belongs to somebody else. Check the URL in the application.',
  },
  CLIENT_UNKNOWN: {
    status: 400,
    title: 'This application is not known here',
    text: 'Its registration is not of this service. Remove the connection in the application, and add it again.',
  },
  CLIENT_NOT_ALLOWED: {
    status: 403,
    title: 'This application may not connect here',
    text: `The service accepts other applications only. ${notYou}`,
  },
  CLIENT_DOCUMENT_INVALID: {
    status: 400,
    title: 'The metadata document of the application is not valid',
    text: 'Its developer must correct it.',
  },
  CLIENT_DOCUMENT_UNREACHABLE: {
    status: 502,
    title: 'The metadata document of the application cannot be read',
    text: 'It did not arrive from the address in the client id, or not in time. Try again in a few minutes.',
  },
  REDIRECT_NOT_ALLOWED: {
    status: 400,
    title: 'The application wants the answer at an address that it may not use',
    text: 'Nothing was sent there. The developer of the application must register the address.',
  },
  REDIRECT_SCHEME_NOT_ALLOWED: {
    status: 400,
    title: 'The application wants the answer by a link that is not allowed here',
    text: `Nothing was sent there. The scheme of the link must be in "redirectSchemes" of the OAuth configuration. ${notYou}`,
  },
  CONSENT_INVALID: { status: 400, title: 'This form is not valid', text: `It is incomplete or was changed. ${again}` },
  CONSENT_EXPIRED: { status: 400, title: 'This form is too old', text: `It must be sent within 10 minutes. ${again}` },
  CONSENT_USED: { status: 400, title: 'You have answered this already', text: `A form counts once. ${again}` },
  CONSENT_CHANGED: { status: 400, title: 'The service was changed meanwhile', text: `Nothing was allowed. ${again}` },
  END_USER_NOT_ALLOWED: { status: 403, title: 'Your account may not connect applications', text: notYou },
  CONNECTION_LINK_INVALID: {
    status: 404,
    title: 'This link is not for you',
    text: `It is incomplete, or it was made for somebody else. Do not open links of other people. ${linkAgain}`,
  },
  CONNECTION_LINK_USED: { status: 400, title: 'This link was used before', text: `It works once. ${linkAgain}` },
  CONNECTION_LINK_EXPIRED: { status: 400, title: 'This link has expired', text: `It is valid for 10 minutes. ${linkAgain}` },
  CONNECTION_SERVER_CHANGED: {
    status: 400,
    title: 'There is nothing to connect any more',
    text: `The server was removed or has moved since the link was made. ${linkAgain}`,
  },
  CONNECTION_KEY_REVOKED: {
    status: 403,
    title: 'The application may no longer connect accounts',
    text: `Nothing was connected. ${notYou}`,
  },
  CONNECTION_RESPONSE_INVALID: {
    status: 400,
    title: 'Nothing was connected',
    text: `The answer does not belong to this browser and to a link that you opened in it. ${linkAgain}`,
  },
  CONNECTION_ISSUER_INVALID: {
    status: 400,
    title: 'Nothing was connected',
    text: `The answer came from another service than the one that was asked. ${linkAgain}`,
  },
  CONNECTION_ACCESS_DENIED: {
    status: 400,
    title: 'Nothing was connected',
    text: 'You or the other service did not allow it. To try again, connect again where you began.',
  },
  CONNECTION_PROVIDER_FAILED: {
    status: 502,
    title: 'Nothing was connected',
    text: `The other service did not answer, or not as it should. Wait a few minutes. ${linkAgain}`,
  },
  CONNECTION_CLIENT_UNKNOWN: {
    status: 502,
    title: 'Nothing was connected',
    text: `The other service does not know this one. ${notYou}`,
  },
  ACCOUNT_FORM_INVALID: {
    status: 403,
    title: 'Nothing was changed',
    text: 'The form is incomplete, or of a sign-in that has ended. Load the page of your connections again.',
  },
  ACCOUNT_NOT_CONNECTABLE: {
    status: 502,
    title: 'This account cannot be connected now',
    text: `The other service did not answer, or takes no accounts from here. Try again in a few minutes. ${notYou}`,
  },
  RATE_LIMITED: {
    status: 429,
    title: 'Too many attempts',
    text: 'Too many attempts that failed came from your network. Wait a minute, and try again.',
  },
} as const satisfies Record<string, { readonly status: number; readonly title: string; readonly text: string }>

export type PageErrorCode = keyof typeof pageErrors

/** Form by which the end user continues to a client, without the account that could not be connected. */
export interface Continuation {
  readonly clientName: string
  readonly action: string
  readonly fields: Readonly<Record<string, string>>
  /** Targets of the form and of its redirects, as CSP sources. */
  readonly formAction: readonly string[]
}

/** Refusal of a page. The cause goes to the log only. */
export class PageError extends Error {
  override readonly name = 'PageError'
  /** Further sentence, for the developer of the application. */
  readonly detail: string | undefined
  readonly continuation: Continuation | undefined

  constructor(
    readonly code: PageErrorCode,
    {
      detail,
      continuation,
      ...options
    }: ErrorOptions & { readonly detail?: string; readonly continuation?: Continuation | undefined } = {},
  ) {
    super(pageErrors[code].title, options)
    this.detail = detail
    this.continuation = continuation
  }
}

const reasons = { UNREACHABLE: 'PROVIDER_UNREACHABLE', REFUSED: 'PROVIDER_REFUSED', INVALID: 'PROVIDER_INVALID' } as const

/** @throws PageError for a failure of the provider; every other error unchanged */
export function toPageError(error: unknown): never {
  throw error instanceof OpenIdError ? new PageError(reasons[error.reason], { cause: error.cause }) : error
}
