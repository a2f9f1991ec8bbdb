/** Exchanges an API key at the token endpoint: parameters and response of both grants of machines. */
import { exchangeApiKey, type ExchangeApiKeyArgs, type ExchangeOptions } from '../../access-tokens/exchange-api-key.js'
import type { Context } from '../../context/context.js'
import { mcpResource, parseAudience } from '../../lib/audience.js'
import { epochSeconds } from '../../lib/clock.js'
import { acceptedUrls } from '../../lib/issuer.js'
import { OAuthError } from '../../oauth/oauth-error.js'
import type { Form } from '../form.js'
import type { TokenRequest, TokenResponse } from './token-request.js'

/** Context of the API key. @throws OAuthError for a client without a secret */
export function requireKey({ client }: TokenRequest): Context {
  if (client.kind === 'API_KEY') return client.ctx
  throw new OAuthError('invalid_client', 'This grant type needs the id and the secret of an API key. Send them as client credentials.')
}

/**
 * Audience of the token: `resource` (RFC 8707) or `audience` (RFC 8693). A client that was sent to the former origin by its
 * metadata names an MCP server there; no token is issued for that origin.
 * @throws OAuthError invalid_target
 */
export function requireTarget({ form, services: { config } }: TokenRequest): string {
  const resource = form.get('resource')
  const audience = form.get('audience')
  const target = resource ?? audience
  if (target === undefined)
    throw new OAuthError('invalid_target', 'Send resource or audience: the URL of the service that the token is for.')
  if (audience !== undefined && audience !== target)
    throw new OAuthError('invalid_target', 'Send resource or audience. A token has one audience.')
  const own = parseAudience(acceptedUrls(config), target)
  return own?.serverId == null ? target : mcpResource(config.url, own.serverId)
}

/** Permissions of `scope`; undefined without it. */
export function parseScope(form: Form): string[] | undefined {
  const scope = form.get('scope')
  return scope === undefined ? undefined : [...new Set(scope.split(' ').filter((name) => name !== ''))]
}

/** @throws DomainError or RequestError of {@link exchangeApiKey} */
export async function issueToken(ctx: Context, input: ExchangeApiKeyArgs, options: ExchangeOptions): Promise<TokenResponse> {
  let isDenied = true
  try {
    const { token, accessToken } = await exchangeApiKey(ctx, input, options)
    isDenied = false
    const { permissions, issuedAt, expiresAt } = accessToken
    return {
      access_token: token,
      token_type: 'Bearer',
      expires_in: epochSeconds(expiresAt) - epochSeconds(issuedAt),
      ...(permissions.length > 0 ? { scope: permissions.join(' ') } : {}),
    }
  } finally {
    ctx.recordUsage('exchangeApiKey', isDenied)
  }
}
