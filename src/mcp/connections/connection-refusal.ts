/** Reasons why a browser cannot connect an account. The page that shows them names what to do. */
const texts = {
  LINK_INVALID: 'This link is not valid for you. It may be meant for somebody else. Ask for a link of your own.',
  LINK_USED: 'This link was used before. To connect again, ask for a new one.',
  LINK_EXPIRED: 'This link has expired. Links are valid for 10 minutes. Ask for a new one.',
  SERVER_CHANGED: 'The server that you wanted to connect was deleted or has moved. Ask for a new link.',
  KEY_REVOKED: 'The application that made this link may no longer do so. Ask it for help.',
  RESPONSE_INVALID: 'The answer that came back does not belong to this browser and link. Nothing was stored. Ask for a new link.',
  ISSUER_INVALID: 'The answer came from another authorization server than the one that was asked. Nothing was stored. Ask for a new link.',
  ACCESS_DENIED: 'The connection was not allowed there. Nothing was stored. Open the link again to retry.',
  PROVIDER_FAILED: 'The other service could not complete the connection. Nothing was stored. Ask for a new link later.',
  CLIENT_UNKNOWN:
    'The other service does not accept this server as a client. Nothing was stored. Tell the operator, and ask for a new link.',
} as const
export type ConnectionRefusalCode = keyof typeof texts

export class ConnectionRefusal extends Error {
  override readonly name = 'ConnectionRefusal'

  constructor(readonly code: ConnectionRefusalCode) {
    super(texts[code])
  }
}
