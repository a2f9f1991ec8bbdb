import { needsRenewal, renewCredential, retryMs, type Renewal } from '../mcp/connections/renew-credential.js'
import type { UsableCredential } from '../mcp/credentials/open-credential.js'
/** Credential of a forwarded request with an access token that is renewed when it must be. */
import { OAuthClientError } from '../outbound/oauth-client-error.js'
import { connectLink, reconnectRequired } from './connect-link.js'
import type { ForwardContext, ForwardedRequest } from './forwarded-request.js'
import { GatewayError } from './gateway-error.js'

/** Renews before the expiry. @throws GatewayError RECONNECT_REQUIRED, NO_CREDENTIAL or RENEWAL_FAILED */
export async function credentialToSend(context: ForwardContext, forwarded: ForwardedRequest): Promise<UsableCredential> {
  const { ctx, server, credential } = context
  if (!needsRenewal(credential, ctx.now())) return credential
  try {
    return await toCredential(context, forwarded, await renewCredential(ctx, server, credential))
  } catch (error) {
    if (!(error instanceof OAuthClientError)) throw error
    if (credential.accessExpiresAt && credential.accessExpiresAt > ctx.now()) return credential
    return failRenewal(context, forwarded, error)
  }
}

/** Renews after the server refused the access token. @throws GatewayError as {@link credentialToSend} */
export async function credentialAfterRefusal(
  context: ForwardContext,
  forwarded: ForwardedRequest,
  refused: UsableCredential,
): Promise<UsableCredential> {
  try {
    return await toCredential(context, forwarded, await renewCredential(context.ctx, context.server, refused))
  } catch (error) {
    if (!(error instanceof OAuthClientError)) throw error
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
