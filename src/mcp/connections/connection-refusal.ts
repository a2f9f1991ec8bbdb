/** Reasons why a browser cannot connect an account. `oauth/page-error.ts` has the texts. */
export type ConnectionRefusalCode =
  | 'LINK_INVALID'
  | 'LINK_USED'
  | 'LINK_EXPIRED'
  | 'SERVER_CHANGED'
  | 'KEY_REVOKED'
  | 'RESPONSE_INVALID'
  | 'ISSUER_INVALID'
  | 'ACCESS_DENIED'
  | 'PROVIDER_FAILED'
  | 'CLIENT_UNKNOWN'

/** Nothing was stored. */
export class ConnectionRefusal extends Error {
  override readonly name = 'ConnectionRefusal'

  constructor(
    readonly code: ConnectionRefusalCode,
    options?: ErrorOptions,
  ) {
    super(`the account was not connected: ${code}`, options)
  }
}
