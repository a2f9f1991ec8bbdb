/** Handlers of the token endpoint, by `grant_type`. The metadata lists the same. */
import { issueForClient } from './client-credentials.js'
import { redeemAuthorizationCode } from './grant-type-authorization-code.js'
import { refreshByToken } from './grant-type-refresh-token.js'
import { exchangeToken, tokenExchange } from './token-exchange.js'
import type { GrantHandler } from './token-request.js'

export const grantHandlers: Readonly<Record<string, GrantHandler>> = {
  authorization_code: redeemAuthorizationCode,
  refresh_token: refreshByToken,
  client_credentials: issueForClient,
  [tokenExchange]: exchangeToken,
}
