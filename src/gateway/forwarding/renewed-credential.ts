/** Credential of a forwarded request, with an access token that is renewed when it must be. */
import { needsRenewal, renewCredential, retryMs, type Renewal } from '../../mcp/connections/renew-credential.js'
import type { UsableCredential } from '../../mcp/credentials/open-credential.js'
import { OAuthClientError } from '../../outbound/oauth-client-error.js'
import { connectLink, reconnectRequired } from '../connect-link.js'
import { GatewayError } from '../gateway-error.js'
import type { ForwardContext, ForwardedRequest } from './forwarded-request.js'

/** Renews before the expiry. @throws as {@link renew} */
export async function credentialToSend(context: ForwardContext, forwarded: ForwardedRequest): Promise<UsableCredential> {
  const { ctx, credential } = context
  return needsRenewal(credential, ctx.now()) ? renew(context, forwarded, credential, false) : credential
}

/**
 * Renews the access token.
 * @param isRefused whether the server refused it. Otherwise a failed renewal leaves it in use until it expires
 * @throws GatewayError RECONNECT_REQUIRED, NO_CREDENTIAL or RENEWAL_FAILED; SealError
 */
export async function renew(
  context: ForwardContext,
  forwarded: ForwardedRequest,
  current: UsableCredential,
  isRefused: boolean,
): Promise<UsableCredential> {
  const { ctx, server } = context
  try {
    return await toCredential(context, forwarded, await renewCredential(ctx, server, current))
  } catch (error) {
    if (!(error instanceof OAuthClientError)) throw error
    if (!isRefused && current.accessExpiresAt && current.accessExpiresAt > ctx.now()) return current
    return failRenewal(context, forwarded, error)
  }
}

async function toCredential(context: ForwardContext, forwarded: ForwardedRequest, renewal: Renewal): Promise<UsableCredential> {
  if (typeof renewal !== 'string') return renewal
  const { ctx, server, message } = context
  await forwarded.recordOutcome('RECONNECT_REQUIRED')
  const status = message?.id == null ? 403 : 200
  if (renewal === 'GONE')
    throw new GatewayError(status, 'NO_CREDENTIAL', 'The credential was revoked or replaced meanwhile. Repeat the call.')
  throw reconnectRequired(status, await connectLink(ctx, server))
}

async function failRenewal({ message }: ForwardContext, forwarded: ForwardedRequest, error: OAuthClientError): Promise<never> {
  await forwarded.recordOutcome('RENEWAL_FAILED')
  const retryAfterMs = error.retryAfterMs ?? retryMs
  const text = `The access token could not be renewed. ${error.message} Retry after "retryAfterMs".`
  const headers = { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }
  throw new GatewayError(message?.id == null ? 503 : 200, 'RENEWAL_FAILED', text, { cause: error.code, retryAfterMs }, headers)
}
