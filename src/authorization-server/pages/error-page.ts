/** Errors of the pages, as pages. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import type { Services } from '../../context/services.js'
import { clientAddress } from '../../http/client-address.js'
import { toErrorResponse } from '../../http/error-response.js'
import { throttleUnknownCredentials } from '../../http/rate-limits.js'
import { UnknownCredentialError } from '../../lib/errors.js'
import { OAuthError } from '../../oauth/oauth-error.js'
import { PageError, pageErrors, type Continuation, type PageErrorCode } from '../../oauth/page-error.js'
import { assertSecureOrigin } from './browser-cookies.js'
import { html, type Html } from './html.js'
import { sendPage } from './page.js'

/** Refusals of guesses, which count against the address like unknown credentials. */
const guesses: ReadonlySet<PageErrorCode> = new Set([
  'SIGN_IN_INVALID',
  'SIGN_IN_OTHER_BROWSER',
  'PROVIDER_REFUSED',
  'PROVIDER_INVALID',
  'AUTHORIZATION_INVALID',
  'CLIENT_UNKNOWN',
  'CLIENT_NOT_ALLOWED',
  'CLIENT_DOCUMENT_INVALID',
  'CLIENT_DOCUMENT_UNREACHABLE',
  'REDIRECT_NOT_ALLOWED',
  'CONSENT_INVALID',
  'CONNECTION_LINK_INVALID',
  'CONNECTION_RESPONSE_INVALID',
])

function countGuess(services: Services, request: FastifyRequest, error: PageError): PageError {
  if (!guesses.has(error.code)) return error
  try {
    throttleUnknownCredentials(services, new UnknownCredentialError(), clientAddress(request) ?? '')
    return error
  } catch {
    return new PageError('RATE_LIMITED', { cause: error })
  }
}

/** Never the error itself: the library attaches the response of the provider, with claims and tokens. */
function describeCause({ message, ...error }: Error): object {
  const { code, error: oauthCode } = error as { readonly code?: unknown; readonly error?: unknown }
  // RFC 6749 §5.2: a code of the provider, which tells a wrong client secret from a wrong code.
  const isCode = (text: unknown): boolean => typeof text === 'string' && /^[\w-]{1,64}$/.test(text)
  return { cause: message, ...(isCode(code) ? { causeCode: code } : {}), ...(isCode(oauthCode) ? { oauthCode } : {}) }
}

export function sendErrorPage(services: Services, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { log } = services
  if (error instanceof PageError) {
    const { code, cause, detail, continuation } = countGuess(services, request, error)
    if (cause instanceof Error) log.warn({ requestId: request.id, code, ...describeCause(cause) }, 'page refused')
    request.state.codes = [code]
    return sendRefusal(request, reply, { ...pageErrors[code], detail, continuation })
  }
  if (error instanceof OAuthError) {
    request.state.codes = [error.code]
    return sendRefusal(request, reply, { status: error.status, title: 'This did not work', text: error.message })
  }
  const { code, status, message, headers } = toErrorResponse(error)
  if (status >= 500) log[code === 'UNAVAILABLE' ? 'warn' : 'error']({ err: error, requestId: request.id }, 'page failed')
  request.state.codes = [code]
  return sendRefusal(request, reply.headers(headers), { status, title: 'This did not work', text: message })
}

interface Refusal {
  readonly status: number
  readonly title: string
  readonly text: string
  readonly detail?: string | undefined
  readonly continuation?: Continuation | undefined
}

const describeContinuation = ({ clientName, action, fields }: Continuation): Html =>
  html`<p>You can continue. ${clientName} gets a link to connect the account when it needs it.</p>
    <form method="post" action="${action}">
      ${Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
      <button class="primary">Continue to ${clientName} without the account</button>
    </form>`

const sendRefusal = (request: FastifyRequest, reply: FastifyReply, { status, title, text, detail, continuation }: Refusal): FastifyReply =>
  sendPage(reply, {
    status,
    title,
    body: html`<p>${text}</p>
      ${detail !== undefined && html`<p>${detail}</p>`} ${continuation && describeContinuation(continuation)}
      <p class="note">Request id: <code>${request.id}</code></p>`,
    formAction: continuation?.formAction ?? [],
  })

/** Registers routes whose errors are pages. No other origin may read them. Plain http beyond loopback is refused. */
export function registerPages(server: FastifyInstance, services: Services, register: (scope: FastifyInstance) => void): void {
  void server.register((scope, _options, done) => {
    scope.setErrorHandler((error, request, reply) => sendErrorPage(services, error, request, reply))
    // Refuses what could be read on the network, before anything else.
    scope.addHook('onRequest', async () => assertSecureOrigin(services))
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, cors: false }
    })
    register(scope)
    done()
  })
}
