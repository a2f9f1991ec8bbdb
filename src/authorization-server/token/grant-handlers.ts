/** Handlers of the token endpoint, by `grant_type`. The metadata lists the same. */
import { redeemAuthorizationCode } from './grant-type-authorization-code.js'
import { issueForClient } from './grant-type-client-credentials.js'
import { refreshByToken } from './grant-type-refresh-token.js'
import { exchangeToken, tokenExchange } from './grant-type-token-exchange.js'
import type { GrantHandler } from './token-request.js'

export const grantHandlers: Readonly<Record<string, GrantHandler>> = {
  authorization_code: redeemAuthorizationCode,
  refresh_token: refreshByToken,
  client_credentials: issueForClient,
  [tokenExchange]: exchangeToken,
}
